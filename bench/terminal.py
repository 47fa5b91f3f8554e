"""How quick the full-screen app is: `python bench/terminal.py [--seconds N]`.

Three figures, each over the real app and the real client: from the start of the process to the first picture on a
terminal (a pseudo-terminal, median of five starts); from a key to the picture with it while sixty messages a second
arrive; and a screen further back in a history of a million entries.  The server is one in this process, so nothing but
the client's side is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import pty
import select
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.puppet import LIN, VERONA, PuppetServer
from support.screens import screen_of

PER_S = 60
START_S = 20.0


def first_paint_s() -> tuple[float, float]:
    """Start the app on a pseudo-terminal; return the seconds until its first picture, and those of a processor."""
    with tempfile.TemporaryDirectory() as home:
        begin = time.perf_counter()
        child, terminal = pty.fork()
        if child == 0:
            environ = {**os.environ, "HUBBUB_HOME": home, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
            os.execvpe(sys.executable, [sys.executable, "-m", "hubbub.cli.main", "chat"], environ)
        said = b""
        while b"Hubbub" not in said and time.perf_counter() - begin < START_S:
            if select.select([terminal], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    said += os.read(terminal, 65536)
        took = time.perf_counter() - begin
        os.kill(child, 9)
        _, _, used = os.wait4(child, 0)
        os.close(terminal)
        return took, used.ru_utime + used.ru_stime


async def key_to_paint_ms(seconds: float) -> tuple[list[float], list[float]]:
    """Type while sixty messages a second arrive; return how long each key took to be on the screen.

    The second list is the processor time of each: on a machine that does other things, what it would take alone.
    """
    puppet = PuppetServer(made_up=1_000_000)
    async with screen_of(puppet, opened="#Verona", size=(120, 40)) as screen:
        await screen.shows("line 1000000")
        composer = screen.chat.composer
        taken: list[float] = []
        used: list[float] = []
        end = time.perf_counter() + seconds

        async def talk() -> None:
            number = 0
            begin = time.perf_counter()
            while time.perf_counter() < end:
                due = int((time.perf_counter() - begin) * PER_S)
                while number < due:
                    puppet.says(VERONA, f"message {number}: what light through yonder window breaks?", LIN)
                    number += 1
                await asyncio.sleep(0.005)

        talking = asyncio.create_task(talk())
        while time.perf_counter() < end:
            await asyncio.sleep(0.08)
            length = len(composer.text)
            begin, begin_used = time.perf_counter(), time.process_time()
            painted = asyncio.Event()
            screen.app.simulate_key("x")
            while len(composer.text) == length:  # noqa: ASYNC110
                await asyncio.sleep(0)
            screen.app.screen.call_after_refresh(painted.set)
            await painted.wait()
            taken.append((time.perf_counter() - begin) * 1000)
            used.append((time.process_time() - begin_used) * 1000)
            if len(composer.text) > 60:
                composer.fill("")
        await talking
        return taken, used


async def page_back_ms(times: int = 200) -> list[float]:
    """Scroll back through a million entries; return how long each screen took to be there."""
    puppet = PuppetServer(made_up=1_000_000)
    async with screen_of(puppet, opened="#Verona", size=(120, 40)) as screen:
        await screen.shows("line 1000000")
        taken = []
        for _ in range(times):
            before = screen.chat.history.text_lines()
            begin = time.perf_counter()
            screen.chat.history.scroll_pages(-1)
            while screen.chat.history.text_lines() == before:
                screen.chat.history.scroll_pages(-1)
                await asyncio.sleep(0.002)
            taken.append((time.perf_counter() - begin) * 1000)
        return taken


def show(name: str, taken: list[float]) -> None:
    """Print a median and a worst case."""
    print(f"{name:<52} p50 {statistics.median(taken):7.1f} ms   p95 {sorted(taken)[int(len(taken) * 0.95)]:7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    starts = sorted(first_paint_s() for _ in range(5))
    print(
        f"{'from the start of the process to the first picture':<52} "
        f"median {starts[2][0] * 1000:.0f} ms, of which processor time {starts[2][1] * 1000:.0f} ms"
    )
    taken, used = asyncio.run(key_to_paint_ms(min(60.0, options.seconds)))
    show(f"key to picture, {PER_S} messages/s arriving", taken)
    show("the same in processor time", used)
    show("one screen back in 1,000,000 entries", asyncio.run(page_back_ms()))


if __name__ == "__main__":
    main()
