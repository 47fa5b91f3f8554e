"""Show what is behind the links of messages, without anybody waiting for it.

Whoever is shown a message asks for its links, and is told what is known or that somebody will look.  Workers take what
waits, a few at a time, each link by one of them, look at the page and keep what it says of itself.  Nothing else of it
is kept, and nobody's name goes out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from hubbub.base.clock import Clock
from hubbub.base.loops import Loop
from hubbub.links.address import key_of, links_in
from hubbub.links.model import LinkRow, LinkState, SmallImage
from hubbub.links.page import read_page
from hubbub.links.ports import Fetcher, LinkStore, Refused, Shrink
from hubbub.links.settings import LinksSettings

PAGES = ("text/html", "application/xhtml+xml")
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")

_log = logging.getLogger(__name__)


class LinkPreviews:
    """What is known of links; `wake` tells the workers that something waits."""

    def __init__(
        self, store: LinkStore, clock: Clock, settings: LinksSettings, wake: Callable[[], Awaitable[None]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._wake = wake

    def use(self, settings: LinksSettings) -> None:
        """Go by these from now on."""
        self._settings = settings

    async def of_text(self, text: str) -> list[LinkRow]:
        """Return what is known of the links of a message, in order; what is not known is looked at soon."""
        if not self._settings.previews:
            return []
        links = [(key_of(url), url) for url in links_in(text, self._settings.per_message)]
        if not links:
            return []
        found = await self._store.ask(links, self._clock.now_ms())
        rows = [found[key] for key, _ in links]
        if any(row.state is LinkState.WAITING for row in rows):
            await self._wake()
        return rows


class LinkWorker:
    """Looks at what waits."""

    def __init__(
        self, store: LinkStore, fetcher: Fetcher, shrink: Shrink, clock: Clock, settings: LinksSettings
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._shrink = shrink
        self._clock = clock
        self._settings = settings
        self._loop = Loop("links", self.step, every_s=settings.poll_s)
        self._forgot_ms = 0

    def use(self, settings: LinksSettings) -> None:
        """Go by these from now on."""
        self._settings = settings

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """Look soon."""
        self._loop.wake()

    async def stop(self) -> None:
        await self._loop.stop()

    async def step(self) -> None:
        """Look at everything that waits, and forget what is old."""
        settings = self._settings
        now_ms = self._clock.now_ms()
        if now_ms - self._forgot_ms >= 3_600_000:
            self._forgot_ms = now_ms
            await self._store.forget(now_ms - int(settings.kept_s * 1000))
        while settings.previews:
            rows = await self._store.claim(self._clock.now_ms(), int(settings.lease_s * 1000), settings.at_once)
            async with asyncio.TaskGroup() as lookers:
                for row in rows:
                    lookers.create_task(self._settle(row))
            if len(rows) < settings.at_once:
                return

    async def _settle(self, row: LinkRow) -> None:
        await self._store.settle(await self.look(row), self._clock.now_ms())

    async def look(self, row: LinkRow) -> LinkRow:
        """Return the row with what the page says of itself."""
        try:
            found = await self._fetcher.fetch(row.url, types=PAGES, limit_bytes=self._settings.page_bytes)
            page = await asyncio.to_thread(read_page, found.content, found.charset, found.url)
        except Refused as refused:
            _log.debug("a link shows nothing: %s", refused)
            page = None
        if page is None:
            return replace(row, state=LinkState.NOTHING)
        image = await self._image(page.image_url) if page.image_url else None
        return replace(
            row,
            state=LinkState.READY,
            title=page.title,
            description=page.description,
            site=page.site,
            image=image,
        )

    async def _image(self, url: str) -> SmallImage | None:
        try:
            # One more byte than allowed: what was cut off is no picture.
            most = self._settings.image_bytes
            found = await self._fetcher.fetch(url, types=PICTURES, limit_bytes=most + 1)
        except Refused as refused:
            _log.debug("a link shows no picture: %s", refused)
            return None
        image = await self._shrink(found.content) if len(found.content) <= most else None
        return image if image is not None and len(image.content) <= self._settings.stored_bytes else None
