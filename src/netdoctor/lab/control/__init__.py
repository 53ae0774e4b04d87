"""What the control plane and the kubelets of a cluster do, as pure functions over the lab's objects."""

from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import is_recorded, recorded, start

__all__ = ["Shape", "is_recorded", "reconcile", "recorded", "start"]
