"""What kubectl says when something does not work; its exit code is always 1."""

from __future__ import annotations


class KubectlError(Exception):
    """An error with kubectl's own words."""


def not_found(resource: str, name: str) -> KubectlError:
    """What the API server says of an object that it does not have; `resource` is its plural with the group."""
    return KubectlError(f'Error from server (NotFound): {resource} "{name}" not found')


def wrong(text: str) -> KubectlError:
    """An error that kubectl finds itself."""
    return KubectlError(f"error: {text}")
