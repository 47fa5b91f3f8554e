"""How the web app feels in a real browser: `python bench/web.py [--entries N] [--seconds S]`.

It fills a data folder with a short conversation, one of 10,000 messages and one of a million entries, starts a server
on it, and has Debian's Chromium, without a window and without a cache, look at them.  Everything is measured inside the
page, by its own clock, up to the frame in which something can be seen.  Bounded: about two minutes, most of it filling.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from hubbub.client import Client
from hubbub.lab.load.client import Seat
from hubbub.lab.load.seed import seed
from hubbub.lab.servers.binaries import find

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "src/hubbub/web_app"
START_S = 60.0
VISITS = 5
HOUR_MESSAGES = 18_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]

# Says when the first message could be seen: in the frame after the one it was put into.
FIRST = """
const seen = () => requestAnimationFrame(() => setTimeout(() => (window.firstChat = performance.now())));
new MutationObserver((_, observer) => {
  if (!document.querySelector("main article")) return;
  observer.disconnect();
  seen();
}).observe(document, { childList: true, subtree: true });
"""

OPEN = """
(id) => new Promise((resolve) => {
  const before = performance.now();
  document.querySelector(`nav a[href="/c/${id}"]`).click();
  const look = () => {
    const title = document.querySelector(`nav a[href="/c/${id}"]`).getAttribute("aria-current");
    const there = location.pathname.endsWith(id) && document.querySelector("main article .rich");
    if (there && (title === null || title !== "false")) setTimeout(() => resolve(performance.now() - before));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""

SCROLL = """
([step, seconds]) => new Promise((resolve) => {
  const view = [...document.querySelectorAll("main *")].find(
    (one) => one.scrollHeight > one.clientHeight + 200 && getComputedStyle(one).overflowY !== "visible");
  const frames = [];
  let last = performance.now();
  let still = 0;
  const begun = last;
  const go = (now) => {
    frames.push(now - last);
    last = now;
    const at = view.scrollTop;
    view.scrollTop -= step;
    still = view.scrollTop === at ? still + 1 : 0;
    if (still > 120 || now - begun > seconds * 1000) resolve(frames.slice(1, frames.length - still));
    else requestAnimationFrame(go);
  };
  requestAnimationFrame(go);
})
"""

TYPED = """
window.delays = [];
addEventListener("keydown", (event) => {
  requestAnimationFrame(() => setTimeout(() => window.delays.push(performance.now() - event.timeStamp)));
}, true);
"""


def script_bytes() -> int:
    """Return the compressed size of the entry and all it imports before it runs."""
    wanted = [
        APP / name for name in re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', (APP / "index.html").read_text())
    ]
    seen: set[Path] = set()
    while wanted:
        path = wanted.pop()
        if path not in seen:
            seen.add(path)
            names = re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', path.read_text("utf-8"))
            wanted += [path.parent / name for name in names]
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in seen)


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """Run a server on a data folder; yield its address."""
    command = [sys.executable, "-m", "hubbub.cli.main", "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    environ = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "HUBBUB_CHAT_LIMITS_ON": "false",
        "HUBBUB_DRAIN_S": "1",
        # A log that was long before its server started is indexed for minutes, which is not what is measured.
        "HUBBUB_CHAT_INDEX_SHARE": "0.001",
        "HUBBUB_CHAT_INDEX_SHARE_BUSY": "0.001",
    }
    with (data.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_S
        while not (data / "server.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((data.parent / "server.log").read_text("utf-8", "replace"))
            time.sleep(0.05)
        yield json.loads((data / "server.json").read_text())["http"].replace("127.0.0.1", "localhost")
    finally:
        process.terminate()
        process.wait(30)


def visitor(browser: Browser, seat: Seat) -> BrowserContext:
    """Return a browser that was never here, with a login."""
    tokens = {
        "accessToken": seat.token,
        "expiresInS": 7200,
        "refreshToken": "",
        "userId": seat.user_id,
        "username": seat.username,
        "deviceId": "",
    }
    login = json.dumps(json.dumps({"tokens": tokens, "obtainedMs": int(time.time() * 1000)}))
    # Playwright waits by `eval`, which the policy of the app forbids.
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}, bypass_csp=True)
    context.add_init_script(f"localStorage.setItem('hubbub.login', {login});")
    return context


class Talker:
    """Somebody who says so many messages a second, in a thread of their own."""

    def __init__(self, address: str, seat: Seat, conversation: str) -> None:
        self._address = address
        self._seat = seat
        self._conversation = conversation

    def says(self, per_s: float, count: int) -> threading.Thread:
        def run() -> None:
            asyncio.run(self._talk(per_s, count))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    async def _talk(self, per_s: float, count: int) -> None:
        async with Client(self._address, token=self._seat.token) as client:
            await client.ready()
            begun = time.monotonic()
            waiting: list[asyncio.Future[Any]] = []
            for number in range(count):
                await asyncio.sleep(max(0.0, begun + number / per_s - time.monotonic()))
                text = f"{number}: **But, soft!** what light through yonder window breaks? 轻声"
                waiting.append(asyncio.ensure_future(client.send(self._conversation, text)))
            await asyncio.gather(*waiting)


def heap_mib(page: Page) -> float:
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    used = devtools.send("Runtime.getHeapUsage")["usedSize"] / 2**20
    devtools.detach()
    return float(used)


def part(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def say(what: str, target: str, measured: str, reached: bool) -> None:
    print(f"| {what} | {target} | {measured} | {'yes' if reached else '**no**'} |", flush=True)


def measure(browser: Browser, address: str, seats: list[Seat], groups: list[str], seconds: float, entries: int) -> None:
    short, long, huge = groups
    size = script_bytes()
    say("JavaScript to the first chat, gzip", "250 kB", f"{size / 1000:.0f} kB", size < 250_000)

    first: list[float] = []
    opened: list[float] = []
    for _ in range(VISITS):
        context = visitor(browser, seats[0])
        context.add_init_script(FIRST)
        page = context.new_page()
        page.goto(f"{address}/c/{short}")
        page.wait_for_function("window.firstChat")
        first.append(page.evaluate("window.firstChat"))
        page.locator(f'nav a[href="/c/{huge}"]').wait_for()
        page.wait_for_timeout(500)
        opened.append(page.evaluate(OPEN, huge))
        context.close()
    worst = max(first)
    say(
        "first chat visible, cold cache",
        "1.5 s",
        f"median {statistics.median(first) / 1000:.2f} s, worst of {VISITS} {worst / 1000:.2f} s",
        worst < 1500,
    )
    say(
        f"opening a conversation of {entries:,} entries for the first time",
        "200 ms",
        f"median {statistics.median(opened):.0f} ms, worst of {VISITS} {max(opened):.0f} ms",
        max(opened) < 200,
    )

    context = visitor(browser, seats[0])
    context.add_init_script(TYPED)
    page = context.new_page()
    page.goto(f"{address}/c/{long}")
    page.locator("main article").first.wait_for()
    page.wait_for_timeout(1000)
    frames: list[float] = page.evaluate(SCROLL, [300, seconds])
    rate = 1000 * len(frames) / sum(frames)
    say(
        "scrolling through 10,000 messages",
        "50 frames/s",
        f"{rate:.0f} frames/s over {sum(frames) / 1000:.0f} s; 95 % within {part(frames, 0.95):.0f} ms,"
        f" worst {max(frames):.0f} ms",
        rate >= 50,
    )

    page.goto(f"{address}/c/{short}")
    box = page.locator("main textarea")
    box.wait_for()
    talker = Talker(address, seats[1], short)
    talking = talker.says(100.0, 1_500)
    page.get_by_text("10: But, soft!").first.wait_for()
    box.focus()
    page.evaluate("window.delays.length = 0")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        page.keyboard.press("a")
        page.wait_for_timeout(60)
    delays: list[float] = page.evaluate("window.delays")
    talking.join(60)
    say(
        "from a key to its frame while 100 messages/s arrive",
        "p95 50 ms",
        f"p50 {part(delays, 0.5):.0f} ms, p95 {part(delays, 0.95):.0f} ms, worst {max(delays):.0f} ms"
        f" ({len(delays)} keys)",
        part(delays, 0.95) < 50,
    )

    box.fill("")

    def hears(count: int) -> None:
        """Have so many messages said, as fast as they go, and wait for the last of them to be seen."""
        talker.says(400.0, count).join(150)
        page.get_by_text(f"{count - 1}: But, soft!").last.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)

    hears(3_000)
    before = heap_mib(page)
    hears(HOUR_MESSAGES)
    after = heap_mib(page)
    say(
        f"memory over an hour at five messages a second ({HOUR_MESSAGES:,}, 80 times as fast) in an open conversation",
        "flat",
        f"{before:.1f} MiB, then {after:.1f} MiB",
        after < before * 1.2 + 2,
    )
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=30.0, help="How long to scroll at most.")
    options = parser.parse_args()
    if not (APP / "index.html").exists():
        raise SystemExit("there is no web app: build it with `make web`")
    folder = Path(tempfile.mkdtemp(prefix="hubbub-web-"))
    try:
        seats, groups = seed(folder / "data", people=2, logs=(30, 10_000, options.entries))
        print("| what | target | measured | reached |\n|---|---|---|---|", flush=True)
        with serving(folder / "data") as address, sync_playwright() as play:
            browser = play.chromium.launch(executable_path=find("chromium", package="chromium"), args=FLAGS)
            measure(browser, address, seats, groups, options.seconds, options.entries)
            browser.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
