"""Two faults at once, from a list that is easy to extend: faults.yaml, on the shop of shop.yaml."""
