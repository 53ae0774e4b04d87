#!/bin/sh
# Builds the two Debian root filesystems of the node image from the machine's own apt sources:
#   node.tar      systemd, containerd, runc and the kubelet's tools
#   netbase.tar   iptables, nftables, ipset and iproute2: what kube-proxy and Calico call
# usage: rootfs.sh DIRECTORY
set -eu
directory=$1
. /etc/os-release
for sources in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
  [ -s "$sources" ] && break
done

bootstrap() {  # name, packages
  [ -f "$directory/$1.tar" ] && return
  mmdebstrap --variant=minbase --include="$2" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    "$VERSION_CODENAME" "$directory/$1.new.tar" "$sources"
  mv "$directory/$1.new.tar" "$directory/$1.tar"
}

network=iptables,nftables,ipset,conntrack,iproute2,kmod,procps,ca-certificates
bootstrap netbase "$network"
bootstrap node "$network,systemd,systemd-sysv,dbus,containerd,runc,containernetworking-plugins,ebtables,ethtool,\
iputils-ping,jq,mount,socat,tcpdump,util-linux"
