"""Why the API server would not let a probe pod be: its words, and before them what they mean."""

from __future__ import annotations

import re

from netdoctor.cluster.client import ApiError
from netdoctor.model.errors import AccessError

# The first that fits the server's message. Admission plugins have no reason of their own: all say Forbidden.
_MEANINGS = (
    (re.compile(r"cannot \w+ resource"), "a right is missing (`netdoctor rbac` prints those that are needed)"),
    (re.compile(r"violates PodSecurity"), "Pod Security of the namespace does not admit the pod"),
    (re.compile(r"exceeded quota|failed quota"), "a ResourceQuota of the namespace leaves no room for it"),
    (re.compile(r"(maximum|minimum) (cpu|memory|.*usage per)"), "a LimitRange of the namespace does not admit it"),
    (re.compile(r"admission webhook"), "an admission webhook does not admit it"),
    (re.compile(r"ValidatingAdmissionPolicy"), "an admission policy does not admit it"),
    (re.compile(r"service ?account", re.IGNORECASE), "its service account cannot be used"),
    (re.compile(r"being terminated"), "the namespace is being deleted"),
    (re.compile(r"namespaces \".*\" not found"), "the namespace does not exist"),
)


def refusal(error: AccessError, doing: str) -> str:
    """One sentence: what was not done, what that means, what the server said. Untrusted text."""
    if not isinstance(error, ApiError):
        return f"could not {doing}: {error.what}" + (f" ({error.why})" if error.why else "")
    said = " ".join(error.message.split()) or f"{error.status} {error.reason}"
    meaning = next((words for pattern, words in _MEANINGS if pattern.search(said)), "the API server refused")
    return f"could not {doing}: {meaning}: {said}"
