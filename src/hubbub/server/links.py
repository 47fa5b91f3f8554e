"""Links of messages: those who ask are in the role `web`, those who look are workers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

import hubbub
from hubbub.fetch.fetcher import HttpFetcher
from hubbub.files.model import PREVIEW_TYPE
from hubbub.files.pictures import PictureProcesses
from hubbub.files.ports import Pictures
from hubbub.links.model import SmallImage
from hubbub.links.service import LinkPreviews, LinkWorker
from hubbub.server.ground import Ground
from hubbub.server.settings import ServerSettings
from hubbub.storage.link_store import SqlLinks

_SUBJECT = "links.asked"


def open_links(settings: ServerSettings, ground: Ground) -> LinkPreviews:
    """Return what those who are shown messages ask."""

    async def wake() -> None:
        await ground.signals.signal(_SUBJECT, b"")

    return LinkPreviews(SqlLinks(ground.database), ground.clock, settings.links, wake)


async def start_link_worker(settings: ServerSettings, ground: Ground, stack: AsyncExitStack) -> LinkWorker:
    """Return the worker of this process, started; `stack` stops it."""
    pictures = PictureProcesses(msgspec.structs.replace(settings.files, preview_px=settings.links.image_px))
    worker = LinkWorker(
        SqlLinks(ground.database),
        HttpFetcher(agent=f"Hubbub/{hubbub.__version__} (link previews)", fetch_s=settings.links.fetch_s),
        Shrinker(pictures),
        ground.clock,
        settings.links,
    )
    await ground.signals.listen(_SUBJECT, lambda _: worker.wake())
    worker.start()
    stack.push_async_callback(worker.stop)
    return worker


class Shrinker:
    """Makes small pictures by those who understand pictures."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def __call__(self, picture: bytes) -> SmallImage | None:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp))
        try:
            source = folder / "picture"
            await asyncio.to_thread(source.write_bytes, picture)
            made = await self._pictures.make(source, folder)
            if made is None:
                return None
            if made.preview is None:
                return SmallImage(await asyncio.to_thread(made.clean.read_bytes), made.type, made.width, made.height)
            small = await asyncio.to_thread(made.preview.read_bytes)
            return SmallImage(small, PREVIEW_TYPE, made.preview_width, made.preview_height)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
