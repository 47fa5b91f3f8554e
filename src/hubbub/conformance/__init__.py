"""Black-box checks of `spec/protocol.md` against any server, each holding to one sentence of it."""
