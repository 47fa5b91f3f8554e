"""The laboratory: what records, loads, breaks and judges a running Hubbub, from the wire alone."""
