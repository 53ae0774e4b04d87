"""Which class an Ingress has, and which controller serves it.

Rules: Kubernetes documentation, Ingress ("Ingress class", "Deprecated annotation", "Default IngressClass").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netdoctor.cluster.objects import Ingress, IngressClass
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.path.ingress.controllers import FAMILIES, Controller, Family, is_of
from netdoctor.path.ingress.shapes import spec_of

ANNOTATION = "kubernetes.io/ingress.class"  # older than the field, and still in use
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, slots=True)
class ChosenClass:
    """The class of an Ingress.

    Attributes:
        name: as the Ingress has it, or that of the default class; empty where there is neither.
        where: the field that names it; empty where none does.
        found: the IngressClass; None where there is none of that name.
        defaults: the names of the classes that are marked as the default.
    """

    name: str
    where: str
    found: IngressClass | None
    defaults: tuple[str, ...] = ()

    @property
    def controller(self) -> str:
        """`spec.controller` of the IngressClass."""
        return str(self.found.spec.get("controller") or "") if self.found else ""

    @property
    def family(self) -> Family | None:
        """The kind of controller that the IngressClass is for, as far as it is known here."""
        return next((family for family in FAMILIES if is_of(family, self.controller)), None)


def chosen_class(snapshot: Snapshot, ingress: Ingress) -> ChosenClass:
    """The class of an Ingress: by the old annotation, by the field, or the default. Of two defaults the newer counts.

    Source of the last: KEP-1453, and the admission plugin DefaultIngressClass.
    """
    defaults = sorted(
        (one for one in snapshot.ingress_classes if one.metadata.annotations.get(_DEFAULT) == "true"),
        key=_age,
        reverse=True,
    )
    names = tuple(one.name for one in defaults)
    annotated = ingress.metadata.annotations.get(ANNOTATION, "")
    named = annotated or spec_of(ingress).ingress_class_name
    if named:
        where = f"metadata.annotations.{ANNOTATION}" if annotated else "spec.ingressClassName"
        found = snapshot.get("IngressClass", "", named)
        return ChosenClass(named, where, found if isinstance(found, IngressClass) else None, names)
    return ChosenClass(names[0] if names else "", "", defaults[0] if defaults else None, names)


def serving(chosen: ChosenClass, controllers: Sequence[Controller]) -> tuple[Controller, ...]:
    """The controllers that take an Ingress of this class: by IngressClass, by annotation, or without a class."""
    if chosen.found is not None:
        return tuple(one for one in controllers if one.serves(chosen.controller))
    if chosen.where.startswith("metadata"):
        return tuple(one for one in controllers if one.annotation == chosen.name)
    return () if chosen.name else tuple(one for one in controllers if one.takes_classless)


def _age(one: IngressClass) -> tuple[str, str]:
    created = one.metadata.creation_timestamp
    return created.isoformat() if created else "", one.name
