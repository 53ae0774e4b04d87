"""Gateway API: whether routes are attached to Gateways, and whether what they lead to may be used."""
