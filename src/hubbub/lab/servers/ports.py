"""Free loopback ports that stay free while a server is down.

The port a system hands out for 0 lies among those it gives to outgoing connections, so that while a server restarts
any client may sit down on it.  These lie below that range.
"""

from __future__ import annotations

import random
import socket

_ALL = range(12_000, 32_000)

_mine = _ALL
_given: set[int] = set()


def share(index: int, count: int) -> None:
    """Give ports only from one of `count` parts of the range, for several processes that start servers side by side.

    A port that one of them gave out is free to the eye of another whenever the server on it is down.
    """
    global _mine
    _mine = _ALL[index::count]


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port nobody listens on and that was not given out here before."""
    for _ in range(200):
        port = random.choice(_mine)
        if port not in _given and is_free(port, host):
            _given.add(port)
            return port
    raise OSError(f"no free port between {_mine[0]} and {_mine[-1]}")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody could listen there."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True
