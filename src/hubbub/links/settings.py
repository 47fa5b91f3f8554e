"""What an operator may decide about links."""

from __future__ import annotations

import msgspec


class LinksSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether and how pages behind links are looked at."""

    previews: bool = True
    """Look at the pages that messages link to, to show their titles; their servers see this one's address."""
    per_message: int = 3
    page_bytes: int = 512 * 1024
    """So much of a page is read; what it says of itself stands at its beginning."""
    image_bytes: int = 4 * 1024 * 1024
    image_px: int = 400
    stored_bytes: int = 64 * 1024
    """A small picture that is larger is left out."""
    fetch_s: float = 10.0
    """How long one page may take with everything."""
    at_once: int = 4
    poll_s: float = 5.0
    """How often a worker looks for links that it was not told of."""
    lease_s: float = 60.0
    """After it another worker may look at a link that one had begun with."""
    kept_s: float = 30 * 24 * 3600.0
    """After it what was seen is forgotten, and looked at anew when somebody asks."""
