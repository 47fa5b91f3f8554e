"""Files of an edge: read whole, replaced in one step, readable by their owner alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def read(file: Path) -> str | None:
    """Return what is in a file; None when there is none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return file.read_text("utf-8")
    return None


def replace(file: Path, text: str) -> bool:
    """Put `text` into the file; False when it had it already."""
    if read(file) == text:
        return False
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.chmod(0o600)
    fresh.replace(file)
    return True
