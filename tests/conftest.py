"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no fault of the code; print_blob lets a failure be replayed.
settings.register_profile("netdoctor", deadline=None, print_blob=True)
settings.load_profile("netdoctor")
