"""Free loopback ports that stay free while a server is down.

The port a system hands out for 0 lies among those it gives to outgoing connections, so that while a server restarts
any client may sit down on it.  These lie below that range.
"""

from __future__ import annotations

import random
import socket

FIRST, LAST = 12_000, 31_999

_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port nobody listens on and that was not given out here before."""
    for _ in range(200):
        port = random.randint(FIRST, LAST)
        if port not in _given and is_free(port, host):
            _given.add(port)
            return port
    raise OSError(f"no free port between {FIRST} and {LAST}")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody could listen there."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True
