"""Processes as a bench sees them: where they run, how much memory and processor time they take, how they end."""

from __future__ import annotations

import os
import resource

import psutil


def pin(cpu: int | None, pid: int = 0) -> None:
    """Keep a process (0: this one) on one core, where the system can."""
    if cpu is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {cpu})


def cores() -> list[int]:
    """Return the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def raise_file_limit(wanted: int = 65536) -> int:
    """Allow as many open sockets as the system lets us; return how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    return soft


def memory_kib(pid: int) -> int:
    """Return the resident memory of a process; 0 for none."""
    return int(psutil.Process(pid).memory_info().rss // 1024) if pid else 0


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used; 0 for none."""
    if not pid:
        return 0.0
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
