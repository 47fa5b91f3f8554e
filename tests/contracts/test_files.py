"""Files and the messages that show them: who may have which file, and what is swept away, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script
from support.databases import DATABASES, UrlOf, open_empty
from unit.chat.stage import QUICK

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import (
    Accepted,
    Action,
    Body,
    Caller,
    ConversationChange,
    ConversationKind,
    Edit,
    FileRef,
    MemberAction,
    MemberChange,
    MessageState,
    Post,
    Recall,
    Submit,
    UserRow,
)
from hubbub.chat.node import ChatNode
from hubbub.files.model import FileRow, FileState
from hubbub.files.ports import FileStore
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.file_store import SqlFiles
from hubbub.storage.memory.store import MemoryStore


class Shelf:
    """A chat and the files its messages show."""

    def __init__(self, node: ChatNode, files: FileStore, clock: ManualClock) -> None:
        self.node = node
        self.files = files
        self.clock = clock

    async def has(self, owner: str, name: str = "balcony.jpg", size_bytes: int = 1_000, limit_bytes: int = 0) -> str:
        """Upload a file; return its id."""
        row = FileRow(
            id=new_id(),
            owner_id=owner,
            name=name,
            type="image/jpeg",
            size_bytes=size_bytes,
            sha256=bytes(32),
            width=640,
            height=480,
            preview_bytes=10,
            created_ms=self.clock.now_ms(),
            unused_ms=self.clock.now_ms(),
        )
        await self.files.reserve(row, limit_bytes=limit_bytes)
        assert await self.files.ready(row.id, self.clock.now_ms())
        return row.id

    async def group(self, *others: str, history: bool = True) -> str:
        made = await self.node.create_conversation(
            Caller(ANNA),
            new_id(),
            ConversationKind.GROUP,
            title="Verona",
            user_ids=others,
            history_for_newcomers=history,
        )
        return made.conversation.id

    async def does(self, who: str, where: str, action: Action, client_id: str = "", *, admin: bool = False) -> Accepted:
        return await self.node.submit(Caller(who, is_admin=admin), Submit(where, client_id or new_id(), action))

    async def shows(self, who: str, where: str, *file_ids: str, text: str = "") -> Accepted:
        return await self.does(who, where, showing(*file_ids, text=text))

    async def may(self, who: str, file_id: str) -> bool:
        """Whether somebody may have a file."""
        return file_id in await self.files.find(who, [file_id])

    async def swept(self) -> set[str]:
        """Sweep what no message has shown for a day; return what is gone."""
        gone = await self.files.sweep(self.clock.now_ms() - 86_400_000, 100)
        await self.files.forget(gone)
        return {row.id for row in gone}


def showing(*file_ids: str, text: str = "") -> Post:
    return Post(Body(text, files=tuple(FileRef(id_) for id_ in file_ids)))


async def refusal(asked: object) -> Code:
    with pytest.raises(ChatError) as caught:
        await asked  # type: ignore[misc]
    return caught.value.code


@pytest.fixture(params=["memory", *DATABASES])
async def shelf(
    request: pytest.FixtureRequest, database_url: UrlOf, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Shelf]:
    people = [UserRow(id_, name) for id_, name in ((ANNA, "anna"), (BEN, "ben"), (CLEO, "cleo"), (DORA, "dora"))]
    database = None
    if request.param == "memory":
        memory = MemoryStore(clock)
        store: MemoryStore | SqlStore = memory
        files: FileStore = memory.files
    else:
        database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
        store, files = SqlStore(database), SqlFiles(database)
    await Script(store, clock, database).there_is(*people)
    node = ChatNode(store, LocalBus(), clock, QUICK)
    await node.start()
    try:
        yield Shelf(node, files, clock)
    finally:
        await node.stop()
        if database is not None:
            await database.close()


async def test_a_message_shows_its_files_with_what_the_server_knows_of_them(shelf: Shelf) -> None:
    where, file = await shelf.group(BEN), await shelf.has(ANNA)
    lied = Post(Body("look", files=(FileRef(file, name="evil.exe", type="text/html", size_bytes=7),)))
    accepted = await shelf.does(ANNA, where, lied)
    page = await shelf.node.history(Caller(BEN), where)
    assert isinstance(page.items[-1], MessageState)
    known = FileRef(file, "balcony.jpg", "image/jpeg", 1_000, 640, 480, True)
    assert page.items[-1].message.post.body == Body("look", files=(known,))
    entries = await shelf.node.entries(Caller(BEN), where, accepted.seq - 1, 10)
    assert isinstance(entries.entries[0].action, Post)
    assert entries.entries[0].action.body.files == (known,)


async def test_who_sees_a_message_has_its_files_and_nobody_else(shelf: Shelf) -> None:
    where, file = await shelf.group(BEN), await shelf.has(ANNA)
    assert await shelf.may(ANNA, file)
    assert not await shelf.may(BEN, file)
    await shelf.shows(ANNA, where, file)
    assert await shelf.may(BEN, file)
    assert not await shelf.may(CLEO, file)


async def test_nobody_shows_a_file_that_is_not_for_them(shelf: Shelf) -> None:
    where, file = await shelf.group(BEN), await shelf.has(ANNA)
    assert await refusal(shelf.shows(BEN, where, file)) is Code.FILE_NOT_FOUND
    assert await refusal(shelf.shows(ANNA, where, new_id())) is Code.FILE_NOT_FOUND
    assert await refusal(shelf.shows(ANNA, where, file, new_id())) is Code.FILE_NOT_FOUND
    assert not await shelf.may(BEN, file)


async def test_a_file_is_passed_on_by_who_sees_it(shelf: Shelf) -> None:
    verona, mantua = await shelf.group(BEN), await shelf.group(BEN, CLEO)
    file = await shelf.has(ANNA)
    first = await shelf.shows(ANNA, verona, file)
    await shelf.shows(BEN, mantua, file)
    assert await shelf.may(CLEO, file)
    # What one message showed is over with it; the other still does.
    await shelf.does(ANNA, verona, Recall(first.seq))
    assert await shelf.may(BEN, file)
    assert await shelf.may(CLEO, file)


async def test_a_recalled_message_takes_its_files_along(shelf: Shelf) -> None:
    where, file = await shelf.group(BEN), await shelf.has(ANNA)
    shown = await shelf.shows(ANNA, where, file)
    await shelf.does(ANNA, where, Recall(shown.seq))
    assert not await shelf.may(BEN, file)
    assert await shelf.may(ANNA, file)


async def test_a_membership_cuts_files_as_it_cuts_messages(shelf: Shelf) -> None:
    where = await shelf.group(BEN, history=False)
    early, late = await shelf.has(ANNA), await shelf.has(ANNA)
    await shelf.shows(ANNA, where, early)
    await shelf.does(ANNA, where, MemberChange(MemberAction.ADD, (CLEO,)))
    assert not await shelf.may(CLEO, early)
    await shelf.does(ANNA, where, MemberChange(MemberAction.REMOVE, (BEN,)))
    await shelf.shows(ANNA, where, late)
    assert await shelf.may(CLEO, late)
    assert await shelf.may(BEN, early)
    assert not await shelf.may(BEN, late)


async def test_what_is_shown_in_a_channel_is_for_everybody_who_may_look_in(shelf: Shelf) -> None:
    channel = await shelf.node.create_conversation(Caller(ANNA), new_id(), ConversationKind.CHANNEL, title="square")
    where, file = channel.conversation.id, await shelf.has(ANNA)
    await shelf.shows(ANNA, where, file)
    assert await shelf.may(DORA, file)
    await shelf.does(ANNA, where, ConversationChange(history_for_newcomers=False))
    assert not await shelf.may(DORA, file)


async def test_an_edit_may_change_the_files_and_leaves_those_of_before(shelf: Shelf) -> None:
    where, first, second = await shelf.group(BEN), await shelf.has(ANNA), await shelf.has(ANNA, "tomb.jpg")
    shown = await shelf.shows(ANNA, where, first)
    await shelf.does(ANNA, where, Edit(shown.seq, Body("better", files=(FileRef(second),))))
    page = await shelf.node.history(Caller(BEN), where)
    assert isinstance(page.items[-1], MessageState)
    assert [file.name for file in page.items[-1].message.post.body.files] == ["tomb.jpg"]
    # Earlier versions stay readable, and so do their files.
    assert await shelf.may(BEN, first)
    assert await shelf.may(BEN, second)
    await shelf.does(ANNA, where, Recall(shown.seq))
    assert not await shelf.may(BEN, first)
    assert not await shelf.may(BEN, second)


async def test_a_retry_is_answered_also_when_the_file_is_gone(shelf: Shelf) -> None:
    where, file, key = await shelf.group(BEN), await shelf.has(ANNA), new_id()
    first = await shelf.does(ANNA, where, showing(file), key)
    await shelf.does(ANNA, where, Recall(first.seq))
    assert await shelf.files.discard(ANNA, file)
    again = await shelf.does(ANNA, where, showing(file), key)
    assert (again.seq, again.repeated) == (first.seq, True)
    assert await refusal(shelf.does(ANNA, where, showing(new_id()), key)) is Code.CONFLICT


async def test_what_no_message_shows_is_swept_after_a_while_and_gives_its_room_back(shelf: Shelf) -> None:
    where = await shelf.group(BEN)
    shown, forgotten = await shelf.has(ANNA), await shelf.has(ANNA)
    message = await shelf.shows(ANNA, where, shown)
    assert await shelf.files.used_bytes(ANNA) == 2 * 1_010
    assert await shelf.swept() == set()
    shelf.clock.advance(90_000)
    assert await shelf.swept() == {forgotten}
    assert await shelf.files.used_bytes(ANNA) == 1_010
    await shelf.does(ANNA, where, Recall(message.seq))
    assert await shelf.swept() == set()
    shelf.clock.advance(90_000)
    assert await shelf.swept() == {shown}
    assert await shelf.files.used_bytes(ANNA) == 0
    assert not await shelf.may(ANNA, shown)


async def test_a_file_that_is_swept_and_shown_at_once_is_either(shelf: Shelf) -> None:
    where = await shelf.group(BEN)
    for _ in range(5):
        file = await shelf.has(ANNA)
        shelf.clock.advance(90_000)
        shown, gone = await asyncio.gather(shelf.shows(ANNA, where, file), shelf.swept(), return_exceptions=True)
        assert isinstance(gone, set)
        if isinstance(shown, ChatError):
            assert (shown.code, gone) == (Code.FILE_NOT_FOUND, {file})
        else:
            assert file not in gone
            assert await shelf.may(BEN, file)


async def test_a_message_that_waits_for_its_time_keeps_its_files(shelf: Shelf) -> None:
    where, file = await shelf.group(BEN), await shelf.has(ANNA)
    due_ms = shelf.clock.now_ms() + 2 * 86_400_000
    await shelf.node.schedule(Caller(ANNA), Submit(where, new_id(), showing(file)), due_ms)
    shelf.clock.advance(2 * 86_400)
    assert await shelf.swept() == set()
    await shelf.node.scheduler.send_due()
    assert await shelf.may(BEN, file)


async def test_nobody_takes_more_room_than_there_is(shelf: Shelf) -> None:
    await shelf.has(ANNA, size_bytes=600, limit_bytes=1_500)
    assert await refusal(shelf.has(ANNA, size_bytes=900, limit_bytes=1_500)) is Code.FILE_QUOTA
    assert await shelf.files.used_bytes(ANNA) == 610
    await shelf.has(BEN, size_bytes=900, limit_bytes=1_500)
    many = [shelf.has(CLEO, size_bytes=90, limit_bytes=500) for _ in range(10)]
    took = await asyncio.gather(*many, return_exceptions=True)
    assert len([id_ for id_ in took if isinstance(id_, str)]) == 5
    assert await shelf.files.used_bytes(CLEO) == 500


async def test_an_upload_that_was_never_completed_is_nobodys_and_is_swept(shelf: Shelf) -> None:
    row = FileRow(
        id=new_id(),
        owner_id=ANNA,
        name="half.bin",
        type="application/octet-stream",
        size_bytes=5,
        sha256=bytes(32),
        created_ms=shelf.clock.now_ms(),
        unused_ms=shelf.clock.now_ms(),
    )
    await shelf.files.reserve(row, limit_bytes=0)
    assert not await shelf.may(ANNA, row.id)
    where = await shelf.group(BEN)
    assert await refusal(shelf.shows(ANNA, where, row.id)) is Code.FILE_NOT_FOUND
    shelf.clock.advance(90_000)
    gone = await shelf.files.sweep(shelf.clock.now_ms() - 86_400_000, 100)
    assert [(each.id, each.state) for each in gone] == [(row.id, FileState.GONE)]
    assert not await shelf.files.ready(row.id, 1)


async def test_one_throws_away_ones_own_files_that_no_message_shows(shelf: Shelf) -> None:
    where, kept, thrown = await shelf.group(BEN), await shelf.has(ANNA), await shelf.has(ANNA)
    await shelf.shows(ANNA, where, kept)
    assert not await shelf.files.discard(ANNA, kept)
    assert not await shelf.files.discard(BEN, thrown)
    assert await shelf.files.discard(ANNA, thrown)
    assert not await shelf.files.discard(ANNA, thrown)
    assert not await shelf.may(ANNA, thrown)
    # It need not wait a day any more.
    assert await shelf.swept() == {thrown}
    assert await shelf.files.used_bytes(ANNA) == 1_010


async def test_a_portrait_is_for_everybody_and_kept_until_another_takes_its_place(shelf: Shelf) -> None:
    first, second, of_ben = await shelf.has(ANNA), await shelf.has(ANNA), await shelf.has(BEN)
    assert not await shelf.files.portray(BEN, first)
    assert not await shelf.files.portray(ANNA, new_id())
    for _ in range(2):
        assert await shelf.files.portray(ANNA, first)
    assert await shelf.files.portray(BEN, of_ben)
    assert [await shelf.may(DORA, file_id) for file_id in (first, second, of_ben)] == [True, False, True]
    assert not await shelf.files.discard(ANNA, first)
    group = await shelf.group(BEN)
    await shelf.shows(ANNA, group, second)
    assert await shelf.files.portray(ANNA, second)
    await shelf.files.unportray(ANNA, second, shelf.clock.now_ms())
    assert [await shelf.may(DORA, file_id) for file_id in (first, second, of_ben)] == [False, True, True]
    await shelf.files.unportray(ANNA, "", shelf.clock.now_ms())
    shelf.clock.advance(3 * 86_400)
    # A message still shows the second.
    assert await shelf.swept() == {first}
    assert [await shelf.may(DORA, second), await shelf.may(BEN, second)] == [False, True]
