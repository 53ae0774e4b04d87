"""The ReferenceGrant that lets one object name another."""

from __future__ import annotations

import shlex

import msgspec

from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Fix
from netdoctor.path.gateway.shapes import GROUP


def grant(of: ObjectRef, to: ObjectRef) -> Fix:
    """What the owner of the namespace of `to`, a Service or a Secret, would have to create."""
    document = {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": of.name, "namespace": to.namespace},
        "spec": {
            "from": [{"group": GROUP, "kind": of.kind, "namespace": of.namespace}],
            "to": [{"group": "", "kind": to.kind, "name": to.name}],
        },
    }
    text = shlex.quote(msgspec.json.encode(document).decode())
    return Fix(f"let {of.kind}s of {of.namespace} name it", f"echo {text} | kubectl apply -f -")
