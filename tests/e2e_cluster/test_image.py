"""The images that go into the node image."""

from __future__ import annotations

import re

from e2e.cluster.image import components
from e2e.cluster.paths import MANIFESTS, NODE_SOURCES
from e2e.cluster.versions import calico_image

NAMES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "coredns/coredns",
    "pause",
    "etcd",
)
KUBEADM = [f"host.example/{name}:v1" for name in NAMES]


def test_every_image_that_kubeadm_runs_is_made_under_its_tag() -> None:
    tags = {component.tag for component in components(KUBEADM)}
    assert set(KUBEADM) - tags == {"host.example/pause:v1"}


def test_containerd_is_told_of_our_own_pause_image() -> None:
    config = (NODE_SOURCES / "files/etc/containerd/config.toml").read_text()
    (sandbox,) = re.findall(r'sandbox_image = "(.*)"', config)
    assert sandbox in {component.tag for component in components(KUBEADM)}


def test_an_image_runs_its_command() -> None:
    (etcd,) = (component for component in components(KUBEADM) if component.command == "etcd")
    context = etcd.context()
    assert context["Dockerfile"] == b'FROM scratch\nCOPY etcd /usr/local/bin/etcd\nENTRYPOINT ["/usr/local/bin/etcd"]\n'
    assert context["etcd"] == etcd.binary


def test_no_manifest_lets_a_node_pull() -> None:
    manifest = (MANIFESTS / "calico.yaml").read_text()
    assert manifest.count("image: ${CALICO_IMAGE}\n        imagePullPolicy: Never") == manifest.count("image: ")
    assert calico_image() in {component.tag for component in components(KUBEADM)}
