"""``python -m netdoctor``: the same as `netdoctor`."""

from netdoctor.cli.main import run

run()
