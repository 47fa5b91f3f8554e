"""Files on their way between this machine and the server, and what this machine has against one.

A file needs a connection: it is given to the server first and named by a message then, so it never waits in the outbox.
What is saved is there whole or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from hubbub.client import Client, File, HubbubError
from hubbub.terminal.attachments import reserved


class Carrier:
    """Carries the files of one person."""

    def __init__(self, client: Client, changed: Callable[[], None]) -> None:
        """`changed`: called when a file sets out, and when it has come or is given up."""
        self._client = client
        self._changed = changed
        self.carried: list[str] = []
        """The names of what is on its way."""

    async def upload(self, path: Path) -> File:
        """Give the server a file.  Raises HubbubError."""
        with self._carrying(path.name):
            if not await asyncio.to_thread(path.is_file):
                raise HubbubError("bad_request", f"{path}: this is no file")
            return await self._client.upload(path)

    async def save(self, file: File, where: Path) -> Path:
        """Write a file of a message into a folder, or under a path; return its path.  Raises HubbubError."""
        with self._carrying(file.name):
            path = await asyncio.to_thread(reserved, where, file.name)
            try:
                await self._client.download(file.id, path)
            except BaseException:
                await asyncio.to_thread(path.unlink, missing_ok=True)
                raise
        return path

    @contextlib.contextmanager
    def _carrying(self, name: str) -> Iterator[None]:
        self.carried.append(name)
        self._changed()
        try:
            yield
        except OSError as error:
            raise HubbubError("bad_request", f"{error.filename or name}: {error.strerror or error}") from error
        finally:
            self.carried.remove(name)
            self._changed()
