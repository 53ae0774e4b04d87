"""netdoctor: finds and explains the root cause of connectivity faults in Kubernetes clusters."""

__version__ = "0.1.0"
