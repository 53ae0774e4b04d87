"""What a cluster shows twice: policies that Calico's API server lists beside those that it makes them of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.cluster.calico_objects import CalicoObject
from netdoctor.cluster.objects import Object

# Calico shows the policies of Kubernetes a second time, under such names.
_OF_KUBERNETES = ("knp.default.", "kanp.", "kbanp.", "kcnp.")


def without_copies(objects: Iterable[Object]) -> Iterator[Object]:
    """All but Calico's copies of policies of Kubernetes, and of its own.

    The objects that Calico's API server shows are those that it has stored in the API server of Kubernetes, there under
    other names; a dump of everything has both. Of one kind, the stored ones count only where there are no others.
    """
    kept, stored, shown = list[Object](), list[CalicoObject](), set[str]()
    for read in objects:
        if not isinstance(read, CalicoObject):
            kept.append(read)
        elif read.kind_name().endswith("Tier") or not read.name.startswith(_OF_KUBERNETES):
            if read.stored:
                stored.append(read)
            else:
                kept.append(read)
                shown.add(read.kind_name())
    yield from kept
    yield from (read for read in stored if read.kind_name() not in shown)
