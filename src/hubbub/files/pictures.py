"""Pictures are made anew by processes that live for one picture each.

A decoder that is attacked harms nobody but its own process, one that hangs is killed, and what it took is the system's
again.  Few work at once; who waits too long for a turn is told to come back.  The work itself is `files.render`.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.files.model import Picture
from hubbub.files.settings import FilesSettings


class _Made(msgspec.Struct):
    type: str
    width: int
    height: int
    preview: tuple[int, int] | None
    """Its size."""


_made = msgspec.json.Decoder(_Made)
_ANSWER_BYTES = 4096
_TURNS_AHEAD = 3.0
"""So many times as long as one picture may take, another waits for its turn."""


class PictureProcesses:
    """A `files.ports.Pictures`."""

    def __init__(self, settings: FilesSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.pictures_at_once)

    async def make(self, source: Path, folder: Path) -> Picture | None:
        try:
            async with asyncio.timeout(self._settings.picture_s * _TURNS_AHEAD):
                await self._turns.acquire()
        except TimeoutError:
            raise ChatError(Code.OVERLOADED, retry_after_s=self._settings.picture_s) from None
        try:
            return await self._make(source, folder)
        finally:
            self._turns.release()

    async def _make(self, source: Path, folder: Path) -> Picture | None:
        settings = self._settings
        clean, preview = folder / "clean", folder / "preview"
        numbers = [str(each) for each in (settings.picture_pixels, settings.preview_px, settings.picture_s)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "hubbub.files.render", str(source), str(clean), str(preview), *numbers),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(settings.picture_s):
                said = await process.stdout.read(_ANSWER_BYTES)
                code = await process.wait()
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        try:
            made = _made.decode(said)
        except msgspec.DecodeError:
            return None
        if code != 0:
            return None
        if made.preview is None:
            return Picture(made.type, made.width, made.height, clean, None)
        return Picture(made.type, made.width, made.height, clean, preview, *made.preview)
