# SPDX-License-Identifier: GPL-2.0-only
"""Probes that see whole packets, by scapy; loaded only for a plan that asks for them, and where NET_RAW is granted."""
