"""Builds the probe and the test application images from Debian packages: no registry, no daemon, no root."""
