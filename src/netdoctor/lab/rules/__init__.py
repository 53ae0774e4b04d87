"""What kube-proxy and a network plugin do, as nftables: Services, policies, and addresses that leave the cluster."""
