"""Fetching what strangers point at, without being led to where only this server may go."""
