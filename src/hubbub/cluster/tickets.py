"""The ticket a login gets with the node it was assigned, and the address it connects to.

The path says which node, so that whatever stands in front of the cluster can route a socket without knowing a secret;
the ticket lets that node see that the client was sent to it, and take it first when places are scarce.  A ticket opens
nothing: who the client is, its token says in hello, and a bad or missing ticket costs nothing but the preference.

Layout, base64url without padding over 41 bytes: version 1 (1 byte); end of validity in milliseconds since 1970, by the
clock of the node that gave it (8 bytes, big-endian); login id (16 bytes); the first 16 bytes of HMAC-SHA256, with the
cluster's secret, over "hubbub ticket", the 25 bytes before, and the id and incarnation of the node, each behind a zero
byte.  The node is signed and not carried: only the one it is for can check it.  Nodes' clocks differ, so an end up to
`SKEW_S` ago is good, and one up to `SKEW_S` further ahead than any ticket lasts.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import parse_qs, quote

from hubbub.base.clock import Clock
from hubbub.cluster.model import NodeRecord

LASTS_S = 30.0
SKEW_S = 120.0

SOCKET_PATH = "/ws"
NODE_PATH = "/ws/n/"
"""Before the node's id; `SOCKET_PATH` alone leads to any node."""

_VERSION = 1
_SIGNED_BYTES = 25
_MAC_BYTES = 16
_LONGEST = 64


class Tickets:
    """Gives tickets for any node, and checks those for one."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def path(self, record: NodeRecord, login_id: str) -> str:
        """Return the path, with a fresh ticket, under which this login's socket is served by this node."""
        return f"{NODE_PATH}{quote(record.node_id, safe='')}?ticket={self.issue(record, login_id)}"

    def issue(self, record: NodeRecord, login_id: str) -> str:
        """Return a ticket for this login and this incarnation of the node."""
        ends_ms = self._clock.now_ms() + int(LASTS_S * 1000)
        signed = bytes([_VERSION]) + ends_ms.to_bytes(8) + bytes.fromhex(login_id)
        return base64.urlsafe_b64encode(signed + self._mac(signed, record)).rstrip(b"=").decode()

    def login(self, ticket: str, record: NodeRecord) -> str:
        """Return the login a ticket was given to; "" for one that is old, for another node, or no ticket at all."""
        if not 0 < len(ticket) <= _LONGEST:
            return ""
        try:
            raw = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return ""
        signed, mac = raw[:_SIGNED_BYTES], raw[_SIGNED_BYTES:]
        if len(mac) != _MAC_BYTES or signed[0] != _VERSION or not hmac.compare_digest(mac, self._mac(signed, record)):
            return ""
        left_s = (int.from_bytes(signed[1:9]) - self._clock.now_ms()) / 1000
        return signed[9:].hex() if -SKEW_S <= left_s <= LASTS_S + SKEW_S else ""

    def _mac(self, signed: bytes, record: NodeRecord) -> bytes:
        of_node = b"\0" + record.node_id.encode() + b"\0" + record.incarnation.encode()
        return hmac.digest(self._secret, b"hubbub ticket" + signed + of_node, "sha256")[:_MAC_BYTES]


def ticket_in(query: str) -> str:
    """Return the ticket in the query part of a socket's address; "" for none."""
    return parse_qs(query).get("ticket", [""])[0]


def is_socket_path(path: str) -> bool:
    """Whether sockets are served under this path, whatever node it names: routing by it is the edge's affair."""
    if path == SOCKET_PATH:
        return True
    node_id = path.removeprefix(NODE_PATH)
    return node_id not in ("", path) and "/" not in node_id
