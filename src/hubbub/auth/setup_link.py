"""The one-time set-up link, as a file that only the server's owner can read.

The first start prints the link; the file is there for whoever did not see the terminal, and for `hubbub setup`.  It
holds the link as a person would open it, and is gone once it was used.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

__all__ = ["read_setup_token", "remove_setup_link", "setup_link", "write_setup_link"]

_NAME = "setup-link"


def setup_link(base_url: str, token: str) -> str:
    """Return the address to open in a browser."""
    return f"{base_url.rstrip('/')}/setup?token={quote(token)}"


def write_setup_link(data: Path, link: str) -> Path:
    """Write the link into the data folder, readable by its owner alone."""
    path = data / _NAME
    fresh = data / f".{_NAME}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    # The mode is set as the file is made: there is no moment at which another could read it.
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(link + "\n")
    fresh.replace(path)
    return path


def read_setup_token(data: Path) -> str | None:
    """Return the token of the link in the data folder; None when there is none."""
    try:
        link = (data / _NAME).read_text().strip()
    except FileNotFoundError:
        return None
    return next(iter(parse_qs(urlsplit(link).query).get("token", [])), None)


def remove_setup_link(data: Path) -> None:
    """Delete the file.  It may be gone already."""
    (data / _NAME).unlink(missing_ok=True)
