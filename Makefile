# The only task runner. Everything runs in .venv, from locked versions; nothing else on the machine is changed.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv demo accuracy test lint unit docs e2e-up e2e bench bench-lab bench-policies bench-mesh e2e-down lab lock

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links

help:
	@echo 'make demo      a broken cluster, its diagnosis, its repair: in the embedded lab, on any Linux, as any user'
	@echo 'make test      lint, unit tests and all scenarios on a real cluster (as root)'
	@echo 'make lint      ruff, mypy, layers, generated files'
	@echo 'make unit      unit tests only'
	@echo 'make e2e-up    create the kind cluster;  make e2e  run the scenarios;  make e2e-down  remove it'
	@echo 'make lab       all scenarios in the embedded lab, as any user; no cluster'
	@echo 'make accuracy  how often each cause is right, missed and false, into docs/accuracy.md; no cluster'
	@echo 'make bench-lab how fast labs come up and are checked'
	@echo 'make bench     how long a check takes, beside a bare pod in the same cluster, and what policies cost'
	@echo 'make bench-policies  only the latter, on synthetic clusters from files: CPU time and memory'
	@echo 'make bench-mesh  a mesh of 1,000 nodes, simulated: pairs, requests, time, memory'
	@echo 'make docs      regenerate what is generated: docs/causes and the JSON Schema'
	@echo 'make lock      choose the newest versions that pyproject.toml allows'

venv: $(INSTALLED)

$(INSTALLED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'netdoctor needs Python 3.11 or newer: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo 'the venv module is missing: apt-get install python3-venv' >&2; exit 1; }
	@echo '== Python packages into .venv' >&2
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: venv
	$(BIN)/python -m e2e.demo

test: lint unit e2e

lint: venv
	@echo '== lint' >&2
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.build --check

unit: venv
	@echo '== unit tests' >&2
	$(BIN)/python -m pytest -n auto tests

lab: venv
	@echo '== scenarios in the lab' >&2
	$(BIN)/python -m pytest e2e/test_scenarios.py --mode lab

accuracy: venv
	@echo '== how often the diagnosis is right' >&2
	$(BIN)/python -m pytest e2e/test_scenarios.py e2e/tests/test_double_faults.py --mode static --mode lab --accuracy write
	@sed -n '/measured/,/end/p' docs/accuracy.md

docs: venv
	$(BIN)/python -m docs.build

e2e-up: venv
	@echo '== cluster (the first time builds its node image: up to 25 minutes)' >&2
	$(BIN)/python -m e2e.cluster up
	archives=$$($(BIN)/python -m images.build) && $(BIN)/python -m e2e.cluster load $$archives

e2e: e2e-up
	@echo '== scenarios' >&2
	$(BIN)/python -m pytest e2e --accuracy check

bench: e2e-up bench-policies
	@echo '== a check beside a bare pod' >&2
	$(BIN)/python -m e2e.timing

bench-lab: venv
	@echo '== labs' >&2
	$(BIN)/python -m e2e.lab_timing

bench-policies: venv
	@echo '== commands about policies on synthetic clusters' >&2
	$(BIN)/python -m e2e.bench

bench-mesh: venv
	@echo '== a mesh of 1,000 simulated nodes' >&2
	$(BIN)/python -m e2e.bench.mesh 1000

e2e-down: venv
	$(BIN)/python -m e2e.cluster down

lock: venv
	$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --upgrade --group dev --extra lab --extra probe --constraints requirements.lock pyproject.toml -o requirements-dev.lock
