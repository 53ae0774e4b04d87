"""Names, uids and hashes of what controllers make: from the content alone, so that the same lab comes out twice."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID, uuid5

import msgspec

from netdoctor.lab.objects import Key, Manifest, Objects

# What generated names consist of: without vowels, and without what looks like another character.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LAB = UUID("6f1a0f5e-6a0f-5c0e-9d0c-6e6574646f63")  # of nothing but our own uids
_LONGEST = 58  # characters of a name before the suffix, so that a name is a label too (names.go of the API server)


def digest(length: int, *parts: Any) -> str:
    """`length` characters that stand for some JSON values."""
    number = int.from_bytes(hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest(), "big")
    letters = []
    for _ in range(length):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)


def made_here(manifest: Manifest) -> bool:
    """Whether the lab gave the object its uid: those of clusters are random (version 4)."""
    uid = manifest["metadata"].get("uid", "")
    return isinstance(uid, str) and uid[14:15] == "5"


def with_uid(manifest: Manifest, key: Key, past: Objects) -> Manifest:
    """The object with a uid that no object of that key had in `past`, so that one made anew can be told from it."""
    had = past.get(key, {}).get("metadata", {}).get("uid")
    candidates = (str(uuid5(_LAB, "/".join((*key, str(number))))) for number in range(2))
    uid = next(candidate for candidate in candidates if candidate != had)
    return {**manifest, "metadata": {**manifest["metadata"], "uid": uid}}


def generated(prefix: str, kind: str, namespace: str, taken: tuple[Objects, ...]) -> str:
    """The first `PREFIXxxxxx` that no object of `taken` has, as the API server makes of metadata.generateName."""
    base = prefix[:_LONGEST]
    number = 0
    while True:
        name = base + digest(5, kind, namespace, prefix, number)
        if not any((kind, namespace, name) in objects for objects in taken):
            return name
        number += 1
