"""What an operator may set about connections."""

from __future__ import annotations

from typing import Literal

import msgspec

LoginPolicy = Literal["many", "replace", "reject"]


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits and intervals of every client connection."""

    server_name: str = "hubbub"
    login_policy: LoginPolicy = "many"
    """Whether a person may be connected on many devices, or a new one replaces the older, or is refused."""
    origins: tuple[str, ...] = ()
    """Web origins besides the server's own that may connect, such as `https://chat.example`; `*` allows all."""

    connections: int = 50_000
    """Connections at whatever stage; more are turned away until some end."""
    newcomers: int = 4_096
    """Connections that have not said hello; anybody can open these, so they may not take every place there is."""
    hello_timeout_s: float = 10.0
    entering: int = 64
    """How many hellos are worked on at once; the others wait their turn, so a rush costs time and not memory."""
    heartbeat_ms: int = 25_000
    heartbeat_min_ms: int = 1_000
    heartbeat_max_ms: int = 120_000
    request_timeout_s: float = 15.0
    endings_s: float = 3.0
    """How often the database is asked which logins ended: so long, and its answer, may a socket outlive its login when
    the node that ended it could tell nobody."""
    close_timeout_s: float = 2.0
    """How long a peer has to answer a close before the connection is cut."""
    tick_s: float = 0.25
    """How exactly the deadlines above are kept."""

    frame_bytes: int = 256 * 1024
    text_bytes: int = 64 * 1024
    page_entries: int = 200
    page_rows: int = 100
    resume_have: int = 2_000
    watch_limit: int = 500
    open_requests: int = 256
    """Unanswered requests of one session before the gateway stops reading from it."""
    frames_per_s: float = 2_000.0
    frames_burst: float = 8_000.0

    outbox_bytes: int = 256 * 1024
    """What may wait unwritten for one session before pushes to it stop."""
    outbox_hard_bytes: int = 4 * 1024 * 1024
    """What may wait with answers included before the session is cut off."""
    slow_timeout_s: float = 30.0
    skipped_conversations: int = 1_000
    """How many withheld conversations are remembered for one slow reader; beyond, it is told to start afresh."""
    held_pushes: int = 1_000
    """Pushes kept for a session between its hello and its ready."""

    gap_ms: int = 50
    gap_limit: int = 1_000
    """A feed that misses more entries than this announces the head instead of fetching them."""
