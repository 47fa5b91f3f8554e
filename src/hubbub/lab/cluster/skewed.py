"""Run the `hubbub` command under a calendar clock that is wrong by some seconds: `python -m … SECONDS serve …`.

The whole process believes it, libraries included, as it would on a machine whose clock is wrong.  Monotonic time is
left alone, as such a machine would.
"""

from __future__ import annotations

import runpy
import sys
import time


def skew(seconds: float) -> None:
    """Make this process's calendar clock wrong from now on."""
    true, true_ns = time.time, time.time_ns
    off_ns = int(seconds * 1e9)
    time.time = lambda: true() + seconds
    time.time_ns = lambda: true_ns() + off_ns


def main() -> None:
    """Skew the clock before anything that might keep a reference to it is imported."""
    _, seconds, *arguments = sys.argv
    skew(float(seconds))
    sys.argv = ["hubbub", *arguments]
    runpy.run_module("hubbub.cli.main", run_name="__main__")


if __name__ == "__main__":
    main()
