"""Processes as a bench sees them: where they run, how much memory and processor time they take, how they end."""

from __future__ import annotations

import os
import resource
import time
from typing import NamedTuple

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


class Busy(NamedTuple):
    """Processor time in percent of one core."""

    load: int
    server: int | None
    """None for a server that cannot be looked at."""
    others: int | None
    """Whatever else ran on this machine; None when it cannot be told from the server."""


class Usage:
    """How busy the load, the server and everybody else were since the beginning."""

    def __init__(self, server_pid: int) -> None:
        self._server_pid = server_pid
        self._begun, self._load_s, self._server_s = time.monotonic(), time.process_time(), cpu_seconds(server_pid)
        self._machine_s = _machine_seconds()

    def percent(self) -> Busy:
        """Return the shares up to now."""
        seconds = max(time.monotonic() - self._begun, 1e-3)
        load_s = time.process_time() - self._load_s
        if not self._server_pid:
            return Busy(round(100 * load_s / seconds), None, None)
        server_s = cpu_seconds(self._server_pid) - self._server_s
        others_s = _machine_seconds() - self._machine_s - load_s - server_s
        return Busy(*(round(100 * max(0.0, used_s) / seconds) for used_s in (load_s, server_s, others_s)))


def _machine_seconds() -> float:
    """Return the processor time all cores have used."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))
