"""Choose a node for a key so that everybody chooses alike and few change their choice (rendezvous hashing).

Each pair of key and node has a score, and the node with the highest one has the key.  So when a node goes, only its own
keys move, evenly to all others; when one comes, it takes its share and moves nothing else.
(Thaler, Ravishankar: Using name-based mappings to increase hit rates, 1998.)
"""

from __future__ import annotations

from hashlib import blake2b

REMEMBERED = 50_000
"""How many choices are remembered; when there are more, all are forgotten and made again."""


class Choosing:
    """Remembers what was chosen among the same nodes."""

    def __init__(self) -> None:
        self._among: tuple[str, ...] = ()
        self._chosen: dict[str, str] = {}
        self._turn = 0

    def choose(self, key: str, among: tuple[str, ...]) -> str:
        """Return the node for this key, "" if there is none; an empty key goes to each in turn."""
        if not among:
            return ""
        if not key:
            self._turn += 1
            return among[self._turn % len(among)]
        if among != self._among or len(self._chosen) >= REMEMBERED:
            self._among = among
            self._chosen.clear()
        node = self._chosen.get(key)
        if node is None:
            node = self._chosen[key] = max(among, key=lambda each: score(key, each))
        return node


def score(key: str, node: str) -> bytes:
    """Return how much this node is this key's."""
    return blake2b(key.encode(), key=node.encode()[:64], digest_size=8).digest()
