"""The rows of links, and the workers that fill them, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.base.clock import ManualClock
from hubbub.links.address import key_of
from hubbub.links.model import Fetched, LinkRow, LinkState, SmallImage
from hubbub.links.ports import LinkStore, Refused
from hubbub.links.service import LinkPreviews, LinkWorker
from hubbub.links.settings import LinksSettings
from hubbub.storage.link_store import SqlLinks
from hubbub.storage.memory.links import MemoryLinks

VERONA, MANTUA = "https://verona.example/", "https://mantua.example/"
SMALL = SmallImage(b"\0\xffsmall", "image/webp", 40, 20)


@pytest.fixture(params=["memory", *DATABASES])
async def store(
    request: pytest.FixtureRequest, database_url: UrlOf, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[LinkStore]:
    if request.param == "memory":
        yield MemoryLinks()
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield SqlLinks(database)
    finally:
        await database.close()


class Web:
    """What is at each address; everything else is refused."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def fetch(self, url: str, *, types: Sequence[str], limit_bytes: int) -> Fetched:
        self.asked.append(url)
        if url not in self.pages:
            raise Refused("there is nothing")
        return Fetched(url, types[0], "utf-8", self.pages[url][:limit_bytes])


async def shrink(picture: bytes) -> SmallImage | None:
    return SMALL if picture == b"picture" else None


async def nobody() -> None: ...


def links_of(*urls: str) -> list[tuple[str, str]]:
    return [(key_of(url), url) for url in urls]


async def test_a_link_waits_until_a_worker_has_looked_and_is_then_known(store: LinkStore) -> None:
    asked = links_of(VERONA, MANTUA)
    waiting = await store.ask(asked, 1)
    assert [waiting[key].url for key, _ in asked] == [VERONA, MANTUA]
    assert {row.state for row in waiting.values()} == {LinkState.WAITING}
    assert await store.ask(asked, 2) == waiting
    rows = await store.claim(10, 1_000, 10)
    assert sorted(row.url for row in rows) == [MANTUA, VERONA]
    ready = LinkRow(
        key=key_of(VERONA),
        url=VERONA,
        state=LinkState.READY,
        title="Verona 维罗纳",
        description="Two households",
        site="Chronicle",
        image=SMALL,
    )
    await store.settle(ready, 20)
    assert (await store.ask(links_of(VERONA), 30))[key_of(VERONA)] == ready
    assert (await store.ask(links_of(MANTUA), 30))[key_of(MANTUA)].state is LinkState.WAITING


async def test_two_workers_never_look_at_one_link_while_it_is_leased(store: LinkStore) -> None:
    urls = [f"https://verona.example/{n}" for n in range(20)]
    await store.ask(links_of(*urls), 1)
    taken = await asyncio.gather(*(store.claim(10, 1_000, 8) for _ in range(4)))
    keys = [row.key for rows in taken for row in rows]
    assert len(keys) == len(set(keys))
    assert 8 <= len(keys) <= 20
    while rows := await store.claim(10, 1_000, 8):
        keys += [row.key for row in rows]
    assert sorted(keys) == sorted(key_of(url) for url in urls)
    # Whoever took them died: another one looks, the oldest first.
    await store.ask(links_of(VERONA), 0)
    assert [row.url for row in await store.claim(1_010, 1_000, 1)] == [VERONA]


async def test_what_was_asked_for_long_ago_is_forgotten(store: LinkStore) -> None:
    await store.ask(links_of(VERONA), 1_000)
    await store.ask(links_of(MANTUA), 2_000)
    await store.forget(2_000)
    assert [row.url for row in await store.claim(3_000, 1, 10)] == [MANTUA]
    # Settled by a slow worker: it is not there any more, and stays so.
    await store.settle(LinkRow(key=key_of(VERONA), url=VERONA, state=LinkState.NOTHING), 3_000)
    assert (await store.ask(links_of(VERONA), 3_000))[key_of(VERONA)].state is LinkState.WAITING


async def test_a_message_gets_its_previews_from_the_workers(store: LinkStore, clock: ManualClock) -> None:
    woken: list[bool] = []

    async def wake() -> None:
        woken.append(True)

    web = Web()
    web.pages[VERONA] = b"<title>Verona</title><meta property=og:image content=/small.png>"
    web.pages[f"{VERONA}small.png"] = b"picture"
    previews = LinkPreviews(store, clock, LinksSettings(), wake)
    worker = LinkWorker(store, web, shrink, clock, LinksSettings())
    text = f"{VERONA} and {MANTUA}"
    assert {row.state for row in await previews.of_text(text)} == {LinkState.WAITING}
    assert woken == [True]
    await worker.step()
    verona, mantua = await previews.of_text(text)
    assert (verona.state, verona.title, verona.image) == (LinkState.READY, "Verona", SMALL)
    assert mantua.state is LinkState.NOTHING
    asked = list(web.asked)
    await worker.step()
    assert (web.asked, woken) == (asked, [True])
    assert await previews.of_text("no link at all") == []


async def test_nobody_looks_while_it_is_switched_off(store: LinkStore, clock: ManualClock) -> None:
    web, off = Web(), LinksSettings(previews=False)
    previews = LinkPreviews(store, clock, LinksSettings(), nobody)
    worker = LinkWorker(store, web, shrink, clock, LinksSettings())
    await previews.of_text(VERONA)
    previews.use(off)
    worker.use(off)
    await worker.step()
    assert web.asked == []
    assert await previews.of_text(VERONA) == []


async def test_a_picture_that_is_too_large_or_none_is_left_out(store: LinkStore, clock: ManualClock) -> None:
    web = Web()
    web.pages[VERONA] = b"<title>Verona</title><meta property=og:image content=/small.png>"
    small = LinksSettings(image_bytes=5)
    for picture, settings in ((b"picture", small), (b"no picture", LinksSettings()), (b"", LinksSettings())):
        web.pages[f"{VERONA}small.png"] = picture
        worker = LinkWorker(store, web, shrink, clock, settings)
        row = await worker.look(LinkRow(key=key_of(VERONA), url=VERONA, state=LinkState.WAITING))
        assert (row.state, row.image) == (LinkState.READY, None)
