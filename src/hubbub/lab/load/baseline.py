"""The program to compare a fan-out with: compiled, started, and driven with the receiver that drives Hubbub."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hubbub.lab.load.processes import pin
from hubbub.lab.load.shared import SharedReader, SharedStream
from hubbub.lab.load.sockets import Link, Loop

BASELINE_SOURCE = Path(__file__).resolve().parents[4] / "bench" / "fanout_baseline.c"


@contextmanager
def baseline_program(members: int, frame_bytes: int, *, cpu: int | None) -> Iterator[Callable[[float], float] | None]:
    """Compile and start the C program; yield what measures it for some seconds, None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not BASELINE_SOURCE.exists():
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "fanout_baseline"
        subprocess.run([compiler, "-O2", "-o", str(program), str(BASELINE_SOURCE)], check=True, timeout=60)
        process = subprocess.Popen([program, str(members), str(frame_bytes)], stdout=subprocess.PIPE)
        try:
            pin(cpu, process.pid)
            assert process.stdout is not None
            address = f"127.0.0.1:{int(process.stdout.readline())}"
            yield _meter(address, members, frame_bytes)
        finally:
            process.terminate()
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()


def _meter(address: str, members: int, frame_bytes: int) -> Callable[[float], float]:
    loop = Loop()

    def span(data: bytes, start: int, end: int) -> tuple[int, int] | None:
        return (start, start + frame_bytes) if end - start >= frame_bytes else None

    stream = SharedStream(span, lambda payload: (stream.seqs[-1] + 1, stream.seqs[-1] + 1, 0))
    links = []
    for _ in range(members):
        link = Link(loop, address, "tcp")
        reader = SharedReader(stream, lambda payload: None)
        link.receive = reader.receive  # type: ignore[method-assign]
        links.append(link)
    loop.turn(0)

    def measure(seconds: float) -> float:
        before, sent = stream.deliveries, 0
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            links[0].send(b"x" * (frame_bytes - 80))
            sent += 1
            while stream.deliveries < before + members * sent:
                loop.turn(0.5)
        return (stream.deliveries - before) / (time.monotonic() - start)

    return measure
