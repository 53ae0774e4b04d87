"""The queries, by themselves, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class Query(StrEnum):
    """What may be asked; the words are those of IBM's network-config-analyzer."""

    REDUNDANCY = "redundancy"
    EMPTINESS = "emptiness"
    VACUITY = "vacuity"
    DISJOINTNESS = "disjointness"
    CONTAINMENT = "containment"
    EQUIVALENCE = "equivalence"


OF_ONE_SET = (Query.EMPTINESS, Query.REDUNDANCY, Query.VACUITY)  # unless others are asked for
OF_TWO_SETS = (Query.CONTAINMENT, Query.EQUIVALENCE)
