"""nftables over netlink: tables as values, and the door through which the kernel gets them."""
