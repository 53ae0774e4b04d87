"""A DNS server for a cluster's names: it answers as CoreDNS does with its `kubernetes` plugin."""
