"""Hubbub: distributed instant messaging in which nothing acknowledged is lost, doubled or reordered."""

__version__ = "0.1.0"
