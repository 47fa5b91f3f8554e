"""The load process: it reads one task from its input, runs it, and writes progress and figures as lines of JSON."""

from __future__ import annotations

import gc
import sys

import msgspec

from hubbub.lab.load import connect, direct, fanout, history, sync
from hubbub.lab.load.processes import pin, raise_file_limit
from hubbub.lab.load.sockets import Lost
from hubbub.lab.load.task import Figures, Task

RUNS = {
    "connect": connect.run,
    "connect_prepare": connect.prepare,
    "direct": direct.run,
    "fanout": fanout.run,
    "sync": sync.run,
    "history": history.run,
}


class Line(msgspec.Struct, omit_defaults=True):
    """One line of a load process's output."""

    share: float = 0.0
    words: str = ""
    figures: Figures | None = None
    error: str = ""


def main() -> None:
    """Run the task on standard input."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    pin(task.cpu)
    raise_file_limit()
    # What a run keeps is flat and free of cycles; walking it again and again would stall the load.
    gc.disable()
    try:
        _say(Line(figures=RUNS[task.bench](task, lambda share, words: _say(Line(share=share, words=words)))))
    except (Lost, TimeoutError, OSError, ValueError) as error:
        _say(Line(error=f"{type(error).__name__}: {error}"))
        sys.exit(1)


def _say(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
