#!/bin/sh
# Builds the two Debian root filesystems of the node image from the machine's own apt sources:
#   node.tar      systemd, containerd, runc and the kubelet's tools
#   netbase.tar   iptables, nftables, ipset, conntrack and iproute2: what kube-proxy and Calico call
# usage: rootfs.sh DIRECTORY
set -eu
directory=$1
. /etc/os-release
for sources in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
  [ -s "$sources" ] && break
done

bootstrap() {  # name, variant, packages, further options
  name=$1 variant=$2 packages=$3
  shift 3
  [ ! -f "$directory/$name.tar" ] || return 0
  mmdebstrap --variant="$variant" --include="$packages" "$@" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    "$VERSION_CODENAME" "$directory/$name.new.tar" "$sources"
  mv "$directory/$name.new.tar" "$directory/$name.tar"
}

network=conntrack,iproute2,ipset,iptables,kmod,nftables

# Only these packages and what they depend on, not even a package manager: each node unpacks it when it starts.
# Nothing is configured either, so that the names which update-alternatives would give are given here.
bootstrap netbase extract "$network" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
  --extract-hook='cd "$1/usr/sbin" && for name in iptables ip6tables; do for suffix in "" -save -restore; do
    ln -s "$name-nft$suffix" "$name$suffix"; done; done'
bootstrap node minbase "$network,ca-certificates,containerd,containernetworking-plugins,dbus,ebtables,\
ethtool,iputils-ping,jq,mount,procps,runc,socat,systemd,systemd-sysv,tcpdump,util-linux"
