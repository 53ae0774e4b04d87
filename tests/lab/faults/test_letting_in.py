"""Faults in labs that run: what real packets do with them, and without them."""

from __future__ import annotations

import time

import pytest

from netdoctor.lab import session
from netdoctor.lab.client import Lab
from netdoctor.lab.scenario import Step
from netdoctor.model.errors import AccessError, InputError
from tests.lab.faults.running import address, asked, burst, client_seen, query, running, send, talk

LARGE = 200_000  # bytes: many packets of full size
MANY = 400
CLUSTER_DNS = "10.96.0.10"


@pytest.mark.parametrize("version", [4, 6])
def test_the_overlay_carries_what_the_nodes_send_each_other(version: int) -> None:
    with running(overlay=True, dual_stack=True) as lab:
        two = address(lab, "two", version)
        assert asked(lab, "one", talk(two, size=LARGE)) == "answered"
        assert asked(lab, "node/worker-1", talk(two, size=LARGE)) == "answered"
        assert asked(lab, "one", send(two, size=3000)) == "answered"


@pytest.mark.parametrize("version", [4, 6])
def test_vxlan_dropped_is_between_two_nodes_and_within_the_overlay(version: int) -> None:
    with running(overlay=True, dual_stack=True) as lab:
        one, two, third = (address(lab, name, version) for name in ("one", "two", "third"))
        assert asked(lab, "one", talk(two)) == "answered"
        lab.fault("vxlan-dropped:worker-1,worker-2")
        assert asked(lab, "one", talk(two)) == "silent"
        assert asked(lab, "two", send(one)) == "silent"
        assert asked(lab, "one", talk(third)) == "answered"
        assert asked(lab, "node/control-plane", talk(two)) == "answered"
        assert asked(lab, "node/worker-1", talk("172.18.0.4", 1)) == "refused"  # by worker-2 itself


def test_vxlan_cannot_be_dropped_where_there_is_none() -> None:
    with running() as lab, pytest.raises(InputError, match="no overlay"):
        lab.fault("vxlan-dropped:worker-1,worker-2")


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("overlay", [False, True])
def test_a_black_hole_swallows_large_packets_between_nodes_only(version: int, *, overlay: bool) -> None:
    with running(overlay=overlay, dual_stack=True) as lab:
        two, third = address(lab, "two", version), address(lab, "third", version)
        assert asked(lab, "one", talk(two, size=LARGE)) == "answered"
        lab.fault("mtu-black-hole:1400")
        assert asked(lab, "one", talk(two, size=LARGE)) == "cut"
        assert asked(lab, "one", talk(two, size=100)) == "answered"
        assert asked(lab, "one", talk(two, size=LARGE, segment=1200)) == "answered"
        assert asked(lab, "one", talk(third, size=LARGE)) == "answered"


def test_a_black_hole_lets_through_just_what_it_says() -> None:
    with running() as lab:
        two, headers = address(lab, "two"), 28  # of IPv4 and UDP; the answer has up to 25 bytes more
        lab.fault("mtu-black-hole:1400")
        assert asked(lab, "one", send(two, size=1400 - headers - 25)) == "answered"
        assert asked(lab, "one", send(two, size=1400 - headers + 1)) == "silent"
        assert asked(lab, "one", send(two, size=3000)) == "silent"


def test_loss_of_everything_at_one_node() -> None:
    with running() as lab:
        two, third = address(lab, "two"), address(lab, "third")
        lab.fault("loss:100,worker-2")
        assert asked(lab, "one", send(two)) == "silent"
        assert asked(lab, "one", send(third)) == "answered"
        assert asked(lab, "node/control-plane", send(third)) == "answered"


def test_loss_is_of_that_part() -> None:
    with running() as lab:
        two = address(lab, "two")
        assert arrived(lab, two) == MANY
        lab.fault("loss:30")
        assert MANY * 0.35 < arrived(lab, two) < MANY * 0.63  # 0.7 * 0.7 = 0.49 come and go


def arrived(lab: Lab, to: str) -> int:
    """Of many datagrams, how many are answered."""
    return int(asked(lab, "one", burst(to, MANY)))


def test_delay_takes_what_nodes_send_longer_or_the_kernel_cannot() -> None:
    with running() as lab:
        two, refused = address(lab, "two"), None
        took = -time_of(lab, two)
        try:
            lab.fault("delay:100")
        except AccessError as error:
            refused = error
        took += time_of(lab, two)
        if refused:
            assert "modprobe sch_netem" in refused.hint
            assert took < 0.1
        else:
            assert 0.19 <= took < 0.5  # there and back


def time_of(lab: Lab, to: str) -> float:
    """Seconds until an answer."""
    begun = time.monotonic()
    assert asked(lab, "one", send(to)) == "answered"
    return time.monotonic() - begun


def test_without_the_proxy_of_a_node_its_pods_reach_no_service() -> None:
    with running() as lab:
        service = address(lab, "svc/two")
        assert asked(lab, "one", talk(service, 80)) == "answered"
        lab.fault("proxy-gone:worker-1")
        assert asked(lab, "one", talk(service, 80)) == "silent"
        assert asked(lab, "two", talk(service, 80)) == "answered"
        assert proxies(lab) == {"control-plane": "True", "worker-1": "False", "worker-2": "True"}
        session.run_kubectl(lab, ["label", "ns", "default", "a=b"])
        assert proxies(lab)["worker-1"] == "False"
        assert asked(lab, "one", talk(service, 80)) == "silent"


def test_a_new_pod_of_the_proxy_mends_it() -> None:
    with running() as lab:
        lab.fault("proxy-gone:worker-1")
        session.run_kubectl(lab, ["delete", "pods", "-n", "kube-system", "-l", "k8s-app=kube-proxy"])
        assert proxies(lab)["worker-1"] == "True"
        assert asked(lab, "one", talk(address(lab, "svc/two"), 80)) == "answered"


def proxies(lab: Lab) -> dict[str, str]:
    """By node, whether the pod of kube-proxy is ready."""
    objects, _ = lab.objects()
    return {
        pod["spec"]["nodeName"]: next(c["status"] for c in pod["status"]["conditions"] if c["type"] == "Ready")
        for (kind, _, name), pod in objects.items()
        if kind == "Pod" and name.startswith("kube-proxy-")
    }


def test_without_dns_servers_nobody_answers_and_no_pod_is_there() -> None:
    with running() as lab:
        assert asked(lab, "one", query(CLUSTER_DNS)) == "answered"
        lab.fault("dns-down")
        assert asked(lab, "one", query(CLUSTER_DNS)) == "refused"
        assert not servers(lab)
        session.run_kubectl(lab, ["scale", "deploy/coredns", "-n", "kube-system", "--replicas=1"])
        assert asked(lab, "one", query(CLUSTER_DNS)) == "answered"


def test_with_half_of_dns_down_some_queries_are_answered() -> None:
    with running() as lab:
        before = lab.objects()
        assert [asked(lab, "one", query(each)) for each in servers(lab)] == ["answered", "answered"]
        lab.fault("dns-half-down")
        assert sorted(asked(lab, "one", query(each)) for each in servers(lab)) == ["answered", "silent"]
        assert lab.objects() == before


def servers(lab: Lab) -> list[str]:
    """The addresses of the DNS servers."""
    objects, _ = lab.objects()
    return [pod["status"]["podIP"] for (kind, _, name), pod in objects.items() if kind == "Pod" and "coredns" in name]


def test_half_of_dns_takes_two_servers() -> None:
    with running() as lab:
        session.run_kubectl(lab, ["scale", "deploy/coredns", "-n", "kube-system", "--replicas=1"])
        with pytest.raises(InputError, match="it takes two DNS servers, and the lab has 1"):
            lab.fault("dns-half-down")


@pytest.mark.parametrize("fault", ["hairpin-off", "hairpin-off:worker-1"])
def test_without_hairpins_a_pod_does_not_reach_itself_through_its_service(fault: str) -> None:
    with running() as lab:
        one, two = address(lab, "svc/one"), address(lab, "svc/two")
        assert [asked(lab, "one", talk(one, 80)), asked(lab, "two", talk(two, 80))] == ["answered", "answered"]
        lab.fault(fault)
        assert asked(lab, "one", talk(one, 80)) == "silent"
        assert asked(lab, "two", talk(two, 80)) == ("silent" if fault == "hairpin-off" else "answered")
        assert [asked(lab, "third", talk(one, 80)), asked(lab, "one", talk(two, 80))] == ["answered", "answered"]
        assert asked(lab, "one", talk(address(lab, "one"))) == "answered"


@pytest.mark.parametrize("there", ["203.0.113.10", "2001:db8::10"])
@pytest.mark.parametrize("fault", ["no-masquerade", "no-masquerade:worker-1"])
def test_pods_with_addresses_of_their_own_get_no_answer_from_outside(there: str, fault: str) -> None:
    with running(dual_stack=True, outside={"www.example.com": [there]}) as lab:
        assert asked(lab, "one", talk(there, 80)) != "silent"
        lab.fault(fault)
        session.run_kubectl(lab, ["label", "ns", "default", "a=b"])  # the nodes' rules are made anew
        assert asked(lab, "one", talk(there, 80)) == "silent"
        assert (asked(lab, "two", talk(there, 80)) == "silent") == (fault == "no-masquerade")
        assert asked(lab, "node/worker-1", talk(there, 80)) != "silent"
        assert asked(lab, "one", talk(address(lab, "two"))) == "answered"


@pytest.mark.parametrize("overlay", [False, True])
@pytest.mark.parametrize("version", [4, 6])
def test_an_asymmetric_route_cuts_connections_between_two_nodes(version: int, *, overlay: bool) -> None:
    with running(dual_stack=True, overlay=overlay) as lab:
        one, two = address(lab, "one", version), address(lab, "two", version)
        assert asked(lab, "one", talk(two)) == "answered"
        lab.fault("asymmetric-route:worker-1,worker-2")
        assert asked(lab, "one", talk(two)) == "cut"
        assert asked(lab, "two", talk(one)) == "silent"
        assert asked(lab, "one", send(two)) == "answered"  # a datagram begins something
        assert asked(lab, "node/control-plane", talk(two)) == "answered"
        assert asked(lab, "one", talk(address(lab, "third", version))) == "answered"


@pytest.mark.parametrize("version", [4, 6])
def test_an_isolated_node_reaches_nobody_and_nobody_reaches_it(version: int) -> None:
    with running(dual_stack=True) as lab:
        one, two, third = (address(lab, name, version) for name in ("one", "two", "third"))
        lab.fault("node-isolated:worker-1")
        assert asked(lab, "two", talk(one)) == asked(lab, "one", talk(two)) == "silent"
        assert asked(lab, "two", talk("172.18.0.3", 1)) == "silent"  # worker-1 itself
        assert asked(lab, "one", talk(third)) == "answered"
        assert asked(lab, "node/control-plane", talk(two)) == "answered"


def test_a_firewall_rejects_what_others_begin() -> None:
    with running() as lab:
        one, two, third = (address(lab, name) for name in ("one", "two", "third"))
        lab.fault("firewall-rejects:worker-2")
        assert asked(lab, "one", talk(two)) == "prohibited"
        assert asked(lab, "two", talk(one)) == "answered"
        assert asked(lab, "one", talk(third)) == "answered"


@pytest.mark.parametrize("version", [4, 6])
def test_a_node_does_not_reach_its_own_pods(version: int) -> None:
    with running(dual_stack=True) as lab:
        one, two = address(lab, "one", version), address(lab, "two", version)
        lab.fault("kubelet-blocked:worker-2")
        assert asked(lab, "node/worker-2", talk(two)) == "silent"
        assert asked(lab, "one", talk(two)) == asked(lab, "node/worker-1", talk(two)) == "answered"
        assert asked(lab, "node/worker-2", talk(one)) == "answered"


@pytest.mark.parametrize("version", [4, 6])
def test_pods_of_a_node_arrive_with_its_address(version: int) -> None:
    with running(dual_stack=True) as lab:
        two, third = address(lab, "two", version), address(lab, "third", version)
        before = asked(lab, "one", client_seen(two))
        lab.fault("pods-masqueraded:worker-1")
        assert before == address(lab, "one", version)
        assert asked(lab, "one", client_seen(two)) not in {before, "silent"}
        assert asked(lab, "one", client_seen(third)) == before


def test_a_step_of_a_scenario_lets_a_fault_in() -> None:
    with running() as lab:
        session.carry_out(Step(fault="loss:100,${node:worker-2}"), lab)
        assert asked(lab, "one", send(address(lab, "two"))) == "silent"


def test_a_node_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with running() as lab:
        with pytest.raises(InputError, match=r"no node nix; there are control-plane, worker-1, worker-2"):
            lab.fault("loss:5,nix")
        assert asked(lab, "one", send(address(lab, "two"))) == "answered"
