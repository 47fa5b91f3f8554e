"""Pictures are made anew by processes that live for one picture each.

A decoder that is attacked harms nobody but its own process, one that hangs is killed, and what it took is the system's
again.  Few work at once; who waits too long for a turn is told to come back.  The work itself is `files.render`, and
`files.emoji_render` for emoji.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.files.emoji import about_entry
from hubbub.files.model import PREVIEW_TYPE, Picture, SmallPicture
from hubbub.files.settings import FilesSettings


class _Made(msgspec.Struct):
    type: str
    width: int
    height: int
    preview: tuple[int, int] | None
    """Its size."""


class _Small(msgspec.Struct):
    width: int
    height: int
    moving: bool
    entry: str = ""


class _SmallOnes(msgspec.Struct):
    made: list[_Small] = []
    wrong: str = ""
    entry: str = ""
    full: bool = False


_made = msgspec.json.Decoder(_Made)
_small = msgspec.json.Decoder(_SmallOnes)
_ANSWER_BYTES = 1024 * 1024
_TURNS_AHEAD = 3.0
"""So many times as long as one picture may take, another waits for its turn."""


class PictureProcesses:
    """A `files.ports.Pictures`."""

    def __init__(self, settings: FilesSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.pictures_at_once)

    async def make(self, source: Path, folder: Path) -> Picture | None:
        settings = self._settings
        clean, preview = folder / "clean", folder / "preview"
        numbers = [str(each) for each in (settings.picture_pixels, settings.preview_px, settings.picture_s)]
        said = await self._run("render", str(source), str(clean), str(preview), *numbers, within_s=settings.picture_s)
        try:
            made = _made.decode(said)
        except msgspec.DecodeError:
            return None
        if made.preview is None:
            return Picture(made.type, made.width, made.height, clean, None)
        return Picture(made.type, made.width, made.height, clean, preview, *made.preview)

    async def shrink(self, source: Path, folder: Path, *, pack: bool) -> list[SmallPicture]:
        settings = self._settings
        within_s = settings.emoji_pack_s if pack else settings.picture_s
        limits = (settings.picture_pixels, settings.emoji_px, settings.emoji_bytes, settings.emoji_pack, within_s)
        numbers = [str(each) for each in limits]
        kind = "pack" if pack else "picture"
        said = await self._run("emoji_render", kind, str(source), str(folder), *numbers, within_s=within_s)
        try:
            answer = _small.decode(said)
        except msgspec.DecodeError:
            raise ChatError(Code.BAD_REQUEST, "It could not be understood in the time there is.") from None
        if answer.full:
            raise ChatError(Code.STORAGE_FULL)
        if answer.wrong:
            raise ChatError(Code.BAD_REQUEST, about_entry(answer.entry, answer.wrong))
        return [
            SmallPicture(
                one.entry,
                Picture(
                    PREVIEW_TYPE,
                    one.width,
                    one.height,
                    folder / str(number),
                    folder / f"{number}.still" if one.moving else None,
                ),
            )
            for number, one in enumerate(answer.made)
        ]

    async def _run(self, module: str, *given: str, within_s: float) -> bytes:
        """Return what a process that works on pictures says; nothing when it fails or takes too long.

        Raises ChatError(OVERLOADED) when its turn does not come.
        """
        try:
            async with asyncio.timeout(self._settings.picture_s * _TURNS_AHEAD):
                await self._turns.acquire()
        except TimeoutError:
            raise ChatError(Code.OVERLOADED, retry_after_s=self._settings.picture_s) from None
        try:
            return await self._run_now(module, *given, within_s=within_s)
        finally:
            self._turns.release()

    async def _run_now(self, module: str, *given: str, within_s: float) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", f"hubbub.files.{module}", *given),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        said = bytearray()
        try:
            async with asyncio.timeout(within_s):
                while piece := await process.stdout.read(_ANSWER_BYTES):
                    said += piece
                    if len(said) > _ANSWER_BYTES:
                        return b""
                code = await process.wait()
        except TimeoutError:
            return b""
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return bytes(said) if code == 0 else b""
