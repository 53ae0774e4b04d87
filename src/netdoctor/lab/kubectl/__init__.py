"""kubectl for a lab: its verbs, words and exit codes, without an API server."""

from netdoctor.lab.kubectl.command import Ran, kubectl

__all__ = ["Ran", "kubectl"]
