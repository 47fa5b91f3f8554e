"""What an operator may decide about the HTTP API."""

from __future__ import annotations

import msgspec

__all__ = ["RestSettings"]


class RestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits, deadlines and sizes of pages."""

    body_limit_bytes: int = 512 * 1024
    """Above it a request is refused before it is read."""
    request_timeout_s: float = 30.0
    """After it a request ends with `timeout`, wherever it waits."""
    commit_timeout_s: float = 10.0
    """After it the outcome of a command is `unknown_outcome`."""
    metrics_public: bool = False
    """Serve `/metrics` to whoever reaches the port, instead of only to this machine and to admins."""
    page_default: int = 50
    page_max: int = 200

    event_streams: int = 2_000
    """Streams of events at once on this node; more are turned away until some end."""
    event_streams_per_user: int = 10
    event_heartbeat_s: float = 15.0
    """A stream that says nothing for so long says that it is there."""
    event_longest_s: float = 3_600.0
    """A stream without anything to say ends after so long, and its client comes back to whichever node is best."""
    event_page: int = 100
    """Entries of one event: as many are in memory for one reader, however far behind it is."""

    def page_size(self, limit: int) -> int:
        """Return how many a page has at most when so many were asked for; 0: it was left to the server."""
        return min(limit or self.page_default, self.page_max)
