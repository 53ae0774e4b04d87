"""The pages about labs."""

from __future__ import annotations

from docs.labs import labs
from netdoctor.lab.definition import bundled


def test_every_lab_has_a_page_and_a_line_in_the_index() -> None:
    pages = labs()
    assert set(pages) == {*(f"{name}.md" for name in bundled()), "README.md"}
    for name in bundled():
        assert f"[{name}]({name}.md)" in pages["README.md"]


def test_a_page_says_how_to_follow_it_by_hand() -> None:
    page = labs()["service-types.md"]
    assert page.startswith("# Types of Services\n\n`netdoctor lab run service-types`")
    assert "cd src/netdoctor/lab/labs/service-types\n" in page
    assert "## The broken state" in page
