"""A data folder belongs to one running server.

The lock is the operating system's and goes with the process however that ends.  So whoever holds it knows that the
server that held it before is gone, and that whatever it wrote of itself into the folder speaks of the past.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from hubbub.storage.failures import FolderInUse

LOCK_NAME = "hubbub.lock"


def lock_folder(folder: Path) -> int:
    """Return a file descriptor that holds the folder until it is closed, also by the death of the process."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise FolderInUse(folder, holder) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
