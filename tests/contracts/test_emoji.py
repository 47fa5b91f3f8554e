"""What every `EmojiStore` keeps to, with the files it draws from.  It runs on memory and on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.audit import AuditLog
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.files.emoji import Emoji
from hubbub.files.model import FileRow
from hubbub.files.ports import EmojiStore, FileStore
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.emoji_store import SqlEmoji
from hubbub.storage.file_store import SqlFiles
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.emoji import MemoryEmoji
from hubbub.storage.memory.store import MemoryStore

ROMEO, JULIET = new_id(), new_id()
MOST = 100


@dataclass
class Box:
    """Where a place's emoji are kept."""

    store: EmojiStore
    files: FileStore
    audit: AuditLog
    clock: ManualClock

    async def drawn(self, name: str, *aliases: str, pack: str = "") -> Emoji:
        """Return an emoji whose picture was uploaded."""
        now_ms = self.clock.now_ms()
        row = FileRow(
            id=new_id(),
            owner_id=ROMEO,
            name=f"{name}.webp",
            type="image/webp",
            size_bytes=700,
            sha256=bytes(32),
            width=128,
            height=128,
            created_ms=now_ms,
            unused_ms=now_ms,
        )
        await self.files.reserve(row, limit_bytes=0)
        assert await self.files.ready(row.id, now_ms)
        return Emoji(name=name, aliases=aliases, pack=pack, file_id=row.id, created_by=ROMEO, created_ms=now_ms)

    async def names(self) -> list[str]:
        return [one.name for one in (await self.store.listed())[1]]

    async def swept(self) -> set[str]:
        """Sweep what nobody has shown for a day."""
        gone = await self.files.sweep(self.clock.now_ms() - 86_400_000, 100)
        await self.files.forget(gone)
        return {row.id for row in gone}


@pytest.fixture(params=["memory", *DATABASES])
async def box(
    request: pytest.FixtureRequest, database_url: UrlOf, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Box]:
    if request.param == "memory":
        memory, audit = MemoryStore(clock), MemoryAudit(clock)
        yield Box(MemoryEmoji(memory.files, audit), memory.files, audit, clock)
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield Box(SqlEmoji(database), SqlFiles(database), SqlAudit(database), clock)
    finally:
        await database.close()


async def test_emoji_are_listed_by_pack_and_name_and_the_version_rises(box: Box) -> None:
    assert await box.store.version() == 0
    assert await box.store.listed() == (0, [])
    parrot, heart = await box.drawn("party-parrot", "parrot", "鹦鹉"), await box.drawn("赞", pack="Verona")
    assert await box.store.add([parrot], most=MOST) == 1
    assert await box.store.add([heart], most=MOST) == 2
    assert await box.store.version() == 2
    assert await box.store.listed() == (2, [parrot, heart])
    acts = [(one.act, one.target) for one in await box.audit.page(oldest_first=True, limit=9)]
    assert acts == [("emoji.added", "party-parrot"), ("emoji.added", "赞")]


async def test_a_pack_is_added_whole_or_not_at_all(box: Box) -> None:
    await box.store.add([await box.drawn("rose", "flower")], most=MOST)
    for taken in ("rose", "flower"):
        pack = [await box.drawn("sword", pack="Verona"), await box.drawn(taken, pack="Verona")]
        with pytest.raises(ChatError) as refused:
            await box.store.add(pack, most=MOST)
        assert (refused.value.code, taken in str(refused.value)) == (Code.CONFLICT, True)
    assert (await box.store.version(), await box.names()) == (1, ["rose"])
    with pytest.raises(ChatError) as full:
        await box.store.add([await box.drawn("dagger", "poison")], most=3)
    assert full.value.code is Code.CONFLICT
    lost = await box.drawn("dagger")
    assert await box.files.discard(ROMEO, lost.file_id)
    with pytest.raises(ChatError) as missing:
        await box.store.add([lost], most=MOST)
    assert missing.value.code is Code.FILE_NOT_FOUND
    assert await box.names() == ["rose"]


async def test_a_picture_is_for_everybody_and_kept_until_its_emoji_is_taken_away(box: Box) -> None:
    rose, other = await box.drawn("rose", "flower"), await box.drawn("unwanted")
    assert await box.files.find(JULIET, [rose.file_id]) == {}
    assert await box.store.picture(rose.file_id) is None
    await box.store.add([rose], most=MOST)
    assert list(await box.files.find(JULIET, [rose.file_id, other.file_id])) == [rose.file_id]
    shown = await box.store.picture(rose.file_id)
    assert shown is not None
    assert shown.name == "rose.webp"
    assert not await box.files.discard(ROMEO, rose.file_id)
    box.clock.advance(2 * 86_400)
    assert await box.swept() == {other.file_id}
    # One of its other names is no end of it.
    assert await box.store.remove("flower", box.clock.now_ms()) == 2
    assert (await box.store.listed())[1][0].names == ("rose",)
    assert await box.store.remove("rose", box.clock.now_ms()) == 3
    assert await box.store.picture(rose.file_id) is None
    assert await box.files.find(JULIET, [rose.file_id]) == {}
    assert await box.swept() == {rose.file_id}
    assert await box.files.used_bytes(ROMEO) == 0
    assert [one.act for one in await box.audit.page(limit=2)] == ["emoji.removed", "emoji.removed"]


async def test_a_pack_is_taken_away_at_once_and_what_is_not_there_changes_nothing(box: Box) -> None:
    pack = [await box.drawn(name, pack="Verona") for name in ("dagger", "poison")]
    await box.store.add(pack, most=MOST)
    await box.store.add([await box.drawn("rose")], most=MOST)
    assert await box.store.remove_pack("Mantua", 1) == 0
    assert await box.store.remove_pack("", 1) == 0
    assert await box.store.remove("ros", 1) == 0
    assert await box.store.version() == 2
    assert await box.store.remove_pack("Verona", box.clock.now_ms()) == 3
    assert await box.names() == ["rose"]
    assert await box.swept() == {one.file_id for one in pack}


async def test_of_two_who_take_a_name_at_once_one_gets_it(box: Box) -> None:
    made = [await box.drawn("rose", f"rose-{number}") for number in range(6)]
    tries = await asyncio.gather(*(box.store.add([one], most=MOST) for one in made), return_exceptions=True)
    assert sorted(str(one) for one in tries if isinstance(one, int)) == ["1"]
    assert {one.code for one in tries if isinstance(one, ChatError)} == {Code.CONFLICT}
    assert len((await box.store.listed())[1]) == 1
