"""Moving what was committed from the write-ahead log into the database file, beside the writer and not in its way.

Left to itself SQLite copies the log inside whichever commit makes it too long, and everybody in that batch waits for
two disk flushes and hundreds of scattered writes.  Here a thread of its own copies while commits go on.  Under load it
never quite catches up, and a log that is never wholly copied is never begun anew; so when the log is long the writer
itself copies the little that is left, between two transactions.  A crash at any moment loses nothing: what was not
copied is still in the log.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

ROWS = 2_000
"""So many changed rows wake the thread."""

LONG_FRAMES = 4_000
"""From this length on the writer helps to finish: 16 MiB of pages."""

FALLBACK_FRAMES = 32_000
"""Should the thread be gone, SQLite's own checkpoint bounds the log at 128 MiB."""


class Checkpoints:
    """Decides when to copy; owns the thread that does most of it."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._wake = threading.Event()
        self._stopping = False
        self._seen_rows = 0
        self._nearly_done = False
        self._thread = threading.Thread(target=self._serve, name="hubbub-checkpoint", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def before_transaction(self, driver: sqlite3.Connection) -> None:
        """Copy the rest of a long log.  Called in the writing thread, outside a transaction."""
        if self._nearly_done:
            self._nearly_done = False
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def after_transaction(self, driver: sqlite3.Connection) -> None:
        """Note what the writing thread's connection has changed."""
        rows = driver.total_changes
        if rows - self._seen_rows >= ROWS or rows < self._seen_rows:
            self._seen_rows = rows
            self._wake.set()

    def stop(self) -> None:
        """End the thread.  Blocks until a copy that has begun is done."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        driver: sqlite3.Connection | None = None
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                break
            if self._nearly_done:
                # It is the writer's turn: two cannot copy at once, and it must find the lock free.
                continue
            try:
                if driver is None:
                    driver = self._connect()
                _, frames, _ = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                self._nearly_done = frames >= LONG_FRAMES
            except sqlite3.Error:
                # A full disk or a fault of the disk: commits will say so, and the log keeps what was not copied.
                if driver is not None:
                    driver.close()
                    driver = None
        if driver is not None:
            driver.close()
