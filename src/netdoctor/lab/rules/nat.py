"""Pods' addresses mean nothing but to pods: what they send elsewhere, to other nodes too, has the node's address.

So do Calico (natOutgoing), flannel and kindnet.
"""

from __future__ import annotations

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.nft.fields import DESTINATION, SOURCE
from netdoctor.lab.nft.matches import family, within_set
from netdoctor.lab.nft.statements import MASQUERADE
from netdoctor.lab.nft.table import Chain, Hook, Point, RangeSet, Table, rule
from netdoctor.lab.rules.addresses import VERSIONS, encoded, pod_ranges

NAT_TABLE = "netdoctor-nat"
SOURCE_NAT = 100  # NF_IP_PRI_NAT_SRC


def nat_table(snapshot: Snapshot) -> Table:
    """The same for every node."""
    sets, rules = [], []
    for version in VERSIONS:
        pods = pod_ranges(snapshot, version)
        sets += [
            RangeSet(f"pods{version}", SOURCE[version], encoded(pods, version)),
            RangeSet(f"routed{version}", DESTINATION[version], encoded(pods, version)),
        ]
        leaves = within_set(f"routed{version}", DESTINATION[version], inverted=True)
        rules.append(rule(family(version), within_set(f"pods{version}", SOURCE[version]), leaves, MASQUERADE))
    return Table(NAT_TABLE, [Chain("postrouting", rules, Hook("nat", Point.POSTROUTING, SOURCE_NAT))], sets)
