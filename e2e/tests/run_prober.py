"""``python -m e2e.tests.run_prober [--context NAME] [--kubeconfig FILE]``: probe pods in a real cluster.

Reads a request as JSON from stdin: ``namespace``, ``stand_ins`` (for each pod the labels of the workload that it
stands for; one neutral pod unless given), ``seconds`` (how long the agents run at least) and ``options`` (of
ProbeOptions). Prints what came of it as JSON; probe ``N-0`` is that of pod N.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys

from netdoctor.cluster.live import connect
from netdoctor.cluster.read import read
from netdoctor.model.probe import Position, Probe, ProbeKind, ProbePod, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.kube.prober import KubeProber


def main() -> int:
    """Run it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell ignores for what runs in its background
    parser = argparse.ArgumentParser()
    parser.add_argument("--context")
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    request = json.load(sys.stdin)
    namespace = request["namespace"]
    client = connect(arguments.kubeconfig, arguments.context, 20)
    snapshot = read(client, [namespace], lambda _: None)
    pods = []
    for number, labels in enumerate(request.get("stand_ins", [{}])):
        stands_for = ObjectRef("Deployment", "any", namespace) if labels else None
        position = Position(str(number), Role.SOURCE, namespace, labels=labels, stands_for=stands_for)
        probe = Probe(f"{number}-0", ProbeKind.RESOLV_CONF, delay=request.get("seconds", 0))
        pods.append(ProbePod(position, (probe,)))
    prober = KubeProber(client, snapshot, ProbeOptions(**request.get("options", {})))
    run = prober.run(pods, lambda line: print(line, file=sys.stderr, flush=True))
    document = {
        "observed": {seen.id: seen.outcome for seen in run.observed},
        "notTested": [missing.because for missing in run.not_tested],
        "warnings": list(run.warnings),
    }
    print(json.dumps(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
