"""What a figure means nothing without: the machine, the versions, the durability, the commit."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from pathlib import Path

import msgspec

import hubbub


class Machine(msgspec.Struct):
    """Where and on what a figure was measured."""

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str
    database: str
    fsync: str
    commit: str
    dirty: bool
    """Whether the tree had changes that are in no commit."""
    server_cpu: int | None = None
    load_cpu: int | None = None


def describe(*, own_server: bool, server_cpu: int | None, load_cpu: int | None) -> Machine:
    """Look at this machine."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    return Machine(
        cpu=_cpu_name(),
        cores=os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        database=f"SQLite {sqlite3.sqlite_version}, WAL" if own_server else "the server's",
        fsync="synchronous=FULL" if own_server else "the server's",
        commit=commit or "unknown",
        dirty=bool(commit and _git("status", "--porcelain", "--untracked-files=no")),
        server_cpu=server_cpu,
        load_cpu=load_cpu,
    )


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    folder = Path(hubbub.__file__).resolve().parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
