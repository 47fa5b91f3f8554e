"""A disk of a given size for the database, so that it can be filled without filling the machine's.

It is a file system in memory, which takes the right to mount one; without that right there is no such disk, and the
fault that fills it is left out and said to be.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Self

SIZE_MIB = 768
BALLAST = "ballast"


class SmallDisk:
    """A mounted file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def mount(cls, folder: Path) -> Self | None:
        """Mount one at a folder; None where that is not allowed."""
        if os.geteuid() != 0:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        options = f"size={SIZE_MIB}m,mode=0755"
        command = ["mount", "-t", "tmpfs", "-o", options, "hubbub-lab", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return cls(folder) if done.returncode == 0 else None

    def fill(self) -> None:
        """Leave no room at all."""
        descriptor = os.open(self.folder / BALLAST, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while True:
                free = os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize
                if free <= 0:
                    return
                end = os.lseek(descriptor, 0, os.SEEK_END)
                os.posix_fallocate(descriptor, end, free)
                os.lseek(descriptor, 0, os.SEEK_END)
        except OSError:
            return  # It is full.
        finally:
            os.close(descriptor)

    def free(self) -> None:
        """Make room again."""
        (self.folder / BALLAST).unlink(missing_ok=True)

    def unmount(self) -> None:
        """Let it go, with all that is on it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, timeout=10, check=False)
