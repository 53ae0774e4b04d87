"""Reading CoreDNS' configuration."""

from __future__ import annotations

import pytest

from netdoctor.lab.corefile import Directive, directives, first, zone_name

KUBEADM = """
# kubeadm's
.:53 {
    errors
    health {
       lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
    }
}
corp.example:53 {
    forward . 10.0.0.10  # the office
}
"""


def test_every_plugin_of_every_block() -> None:
    assert directives(KUBEADM) == (
        Directive((".:53",), "errors", ()),
        Directive((".:53",), "health", (), {"lameduck": ("5s",)}),
        Directive(
            (".:53",),
            "kubernetes",
            ("cluster.local", "in-addr.arpa", "ip6.arpa"),
            {"pods": ("insecure",), "fallthrough": ("in-addr.arpa", "ip6.arpa"), "ttl": ("30",)},
        ),
        Directive((".:53",), "forward", (".", "/etc/resolv.conf"), {"max_concurrent": ("1000",)}),
        Directive((".:53",), "cache", ("30",), {}),
        Directive(("corp.example:53",), "forward", (".", "10.0.0.10")),
    )


def test_the_first_of_a_plugin() -> None:
    found = first(directives(KUBEADM), "forward")
    assert found is not None
    assert found.arguments == (".", "/etc/resolv.conf")
    assert first(directives(KUBEADM), "rewrite") is None


@pytest.mark.parametrize("text", ["", "}", "{", "} }\n}\n{", ".:53 {\n kubernetes {\n", "}\n}\n.:53 {\nerrors\n}"])
def test_what_is_malformed_is_read_as_far_as_it_can_be(text: str) -> None:
    assert [found.plugin for found in directives(text)] == (["errors"] if "errors" in text else [])


@pytest.mark.parametrize(
    ("text", "name"),
    [("Cluster.Local:53", "cluster.local"), (".:53", ""), ("dns://a.b.:53", "a.b"), ("in-addr.arpa,", "in-addr.arpa")],
)
def test_the_name_of_a_zone(text: str, name: str) -> None:
    assert zone_name(text) == name
