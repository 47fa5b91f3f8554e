"""What guarding costs: a token's check, an entry of the audit log, and 200 logins at once beside a running chat.

    python bench/guard.py [--logins 200] [--rate 50]

The chat is one server process with a data folder that is thrown away, as it is installed but for the limits on logins
per address; two people talk at a steady rate, and another process logs everybody in at the same moment.  Printed are
the percentiles of the time from sending to acceptance and to the other's screen, before and during the logins.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hubbub.auth.audit import Act, Deed
from hubbub.auth.ports import Account, Login
from hubbub.auth.settings import AuthSettings
from hubbub.auth.tokens import KeyRing, Tokens, generate_key
from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.client import Client, EntryEvent, HttpApi, HubbubError
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.sqlite_database import SqliteDatabase

PASSWORD = "wherefore art thou"
QUIET_S = 5.0
LONGEST_S = 90.0
PEOPLE = 20
"""Accounts that log in, each several times: making one costs a hash as well."""


def check_tokens(count: int = 2_000) -> None:
    """Time the first and the later checks of tokens."""
    clock = SystemClock()
    tokens = Tokens(AuthSettings(), clock, KeyRing([generate_key(clock.now_ms())]))
    account = Account(new_id(), "romeo", "romeo", "Romeo", "hash", 0)
    login = Login(new_id(), account.id, new_id(), "phone", b"", b"", 0, 0)
    made = [tokens.sign(account, login) for _ in range(count)]
    for name in ("first check of a token", "later check of a token"):
        # There is nothing to wait for, so it is the processor's time that counts.
        begin = time.process_time()
        for token in made:
            tokens.verify(token)
        print(f"{name:<34} {(time.process_time() - begin) / count * 1e6:8.2f} us")


async def write_audit(folder: Path, count: int = 500) -> None:
    """Time entries of the audit log, each a transaction on the disk."""
    database = await SqliteDatabase.open(folder, clock=SystemClock())
    audit = SqlAudit(database)
    try:
        begin = time.perf_counter()
        for number in range(count):
            await audit.record(Deed(Act.ANNOUNCED, str(number)))
        print(f"{'audit entry, committed alone':<34} {(time.perf_counter() - begin) / count * 1e3:8.3f} ms")
    finally:
        await database.close()


async def log_everybody_in(url: str, logins: int) -> None:
    """Log people in, all at once; print how many were let in and how long it took."""

    async def one(number: int) -> bool:
        async with HttpApi(url, timeout_s=LONGEST_S) as http:
            try:
                await http.log_in(f"person{number % PEOPLE}", PASSWORD)
            except HubbubError:
                return False
            return True

    begin = time.perf_counter()
    done = await asyncio.gather(*map(one, range(logins)))
    print(json.dumps({"let_in": sum(done), "seconds": round(time.perf_counter() - begin, 2)}))


class Talk:
    """Two people who talk at a steady rate."""

    def __init__(self, romeo: Client, juliet: Client, conversation_id: str) -> None:
        self.accepted: list[tuple[float, float]] = []
        """(when it was sent, how long it took)."""
        self.seen: list[tuple[float, float]] = []
        self._romeo = romeo
        self._conversation_id = conversation_id
        self._sent: dict[str, float] = {}
        juliet.on(EntryEvent, self._heard)

    def _heard(self, event: EntryEvent) -> None:
        sent = self._sent.pop(event.entry.text, None)
        if sent is not None:
            self.seen.append((sent, time.perf_counter() - sent))

    async def goes_on(self, rate: float, ended: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            begin, number = time.perf_counter(), 0
            while not ended.is_set():
                tasks.create_task(self._say(f"word {number}"))
                number += 1
                await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))

    async def _say(self, words: str) -> None:
        sent = self._sent[words] = time.perf_counter()
        await self._romeo.send(self._conversation_id, words)
        self.accepted.append((sent, time.perf_counter() - sent))

    def show(self, name: str, since: float, until: float) -> None:
        for kind, all_of_them in (("accepted", self.accepted), ("seen", self.seen)):
            took = sorted(seconds * 1e3 for sent, seconds in all_of_them if since <= sent < until)
            if took:
                p50, p99 = took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.99))]
                print(f"{name}: {kind:<9} n {len(took):5}  p50 {p50:6.1f}  p99 {p99:6.1f}  max {took[-1]:6.1f} ms")


async def talk_and_log_in(folder: Path, logins: int, rate: float) -> None:
    environ = {
        **os.environ,
        "HUBBUB_AUTH_LOGINS_PER_MINUTE": "0",
        "HUBBUB_AUTH_REGISTERS_PER_MINUTE": "0",
        "HUBBUB_AUTH_HASH_WAITING": str(logins),
        "HUBBUB_REST_REQUEST_TIMEOUT_S": str(LONGEST_S),
    }
    command = [sys.executable, "-m", "hubbub.cli.main", "serve", "--data", str(folder), "--listen", "127.0.0.1:0"]
    server = await asyncio.to_thread(
        subprocess.Popen, command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        url = await announced(folder / "server.json")
        async with HttpApi(url, timeout_s=30) as http:
            for name in ("romeo", "juliet", *(f"person{number}" for number in range(PEOPLE))):
                await http.register(name, PASSWORD)
        async with (
            Client(url, username="romeo", password=PASSWORD) as romeo,
            Client(url, username="juliet", password=PASSWORD) as juliet,
        ):
            await romeo.ready(15)
            await juliet.ready(15)
            talk = Talk(romeo, juliet, (await romeo.open_direct(juliet.user_id)).id)
            ended = asyncio.Event()
            talking = asyncio.create_task(talk.goes_on(rate, ended))
            begin = time.perf_counter()
            await asyncio.sleep(QUIET_S)
            flood = time.perf_counter()
            other = [sys.executable, __file__, "--url", url, "--logins", str(logins)]
            ran = await asyncio.to_thread(subprocess.run, other, capture_output=True, text=True, timeout=LONGEST_S)
            over = time.perf_counter()
            ended.set()
            await talking
            print(f"{logins} logins at once: {ran.stdout.strip() or ran.stderr[-300:]}")
            talk.show("before", begin, flood)
            talk.show("during", flood, over)
    finally:
        server.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.wait, 40)


async def announced(path: Path) -> str:
    """Return where the server is, once it says so."""
    async with asyncio.timeout(60):
        while True:
            try:
                return str(json.loads(await asyncio.to_thread(path.read_text, "utf-8"))["http"])
            except (FileNotFoundError, ValueError):
                await asyncio.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what guarding costs.")
    parser.add_argument("--logins", type=int, default=200)
    parser.add_argument("--rate", type=float, default=50.0, help="Messages per second of the talk.")
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url:
        asyncio.run(log_everybody_in(options.url, options.logins))
        return
    check_tokens()
    with tempfile.TemporaryDirectory(prefix="hubbub-guard-") as folder:
        asyncio.run(write_audit(Path(folder) / "audit"))
        asyncio.run(talk_and_log_in(Path(folder) / "data", options.logins, options.rate))


if __name__ == "__main__":
    main()
