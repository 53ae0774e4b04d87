"""Faults of the shop, which of them are independent, and scenarios that have two of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from netdoctor.lab.kubectl.merging import strategic
from netdoctor.lab.scenario import documents

HERE = Path(__file__).parent
CHECK = "check svc/backend:80 -n shop --from deploy/frontend.front"

Manifest = dict[str, Any]
Place = tuple[str, ...]  # an object, and the way to a field of it


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of faults.yaml, whose head says what the fields mean."""

    name: str
    code: str
    object: str
    patch: dict[str, Manifest] = {}
    add: tuple[Manifest, ...] = ()
    fault: str = ""
    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()

    def changed(self, manifests: Mapping[str, Manifest]) -> dict[str, Manifest]:
        """The objects with this fault in them."""
        patched = {key: strategic(manifests[key]["kind"], manifests[key], patch) for key, patch in self.patch.items()}
        return {**manifests, **patched, **{_key(one): one for one in self.add}}


@dataclass(frozen=True, slots=True)
class Broken:
    """The shop with some faults in it at once, or with none."""

    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        """All their names."""
        return "+".join(fault.name for fault in self.faults) or "in-order"

    def write(self, directory: Path) -> Path:
        """A scenario's directory, to be brought up and checked like any other."""
        place = directory / self.name
        place.mkdir()
        manifests = shop()
        for fault in self.faults:
            manifests = fault.changed(manifests)
        (place / "manifests.yaml").write_text(yaml.safe_dump_all(manifests.values()), encoding="utf-8")
        scenario = {
            "title": self.name,
            "modes": ["lab"],
            "nodes": 3,
            "inject": [{"fault": one.fault} for one in self.faults if one.fault],
            "checks": [{"command": CHECK, "causes": sorted({one.code for one in self.faults})}],
        }
        (place / "scenario.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
        return place


def faults() -> tuple[Fault, ...]:
    """Those of faults.yaml."""
    return msgspec.convert(yaml.safe_load((HERE / "faults.yaml").read_text(encoding="utf-8")), tuple[Fault, ...])


def shop() -> dict[str, Manifest]:
    """The shop in order, by KIND/NAMESPACE/NAME."""
    return {_key(one): one for one in documents((HERE / "shop.yaml").read_text(encoding="utf-8"))}


def independent_pairs(known: Sequence[Fault]) -> tuple[Broken, ...]:
    """Pairs that do not change the same field, and of which none takes what the other needs to be seen."""
    before = shop()
    touched = {one.name: set(_differences(before, one.changed(before))) for one in known}
    return tuple(
        Broken((one, other))
        for one, other in combinations(known, 2)
        if not (one.takes & other.needs or other.takes & one.needs)
        and (one.code, one.object) != (other.code, other.object)
        and not any(_overlap(a, b) for a in touched[one.name] for b in touched[other.name])
    )


def drawn(pairs: Sequence[Broken], count: int, seed: int) -> list[Broken]:
    """So many of them, at random."""
    return Random(seed).sample(list(pairs), count)


def _key(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    return "/".join(filter(None, (manifest["kind"], metadata.get("namespace"), metadata["name"])))


def _differences(before: Any, after: Any, place: Place = ()) -> Iterator[Place]:
    """Where two values differ: fields of objects, and elements of lists."""
    if isinstance(before, list) and isinstance(after, list):
        before, after = dict(enumerate(before)), dict(enumerate(after))
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        if before != after:
            yield place
        return
    for key in {*before, *after}:
        yield from _differences(before.get(key), after.get(key), (*place, str(key)))


def _overlap(one: Place, other: Place) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
