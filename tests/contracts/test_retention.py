"""Messages that were kept long enough go, on every store: for everybody, with all that hangs on them, and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from contracts.script import ANNA, BEN, CLEO, Script
from contracts.test_files import Shelf
from contracts.test_history import seqs
from sqlalchemy import select
from support.databases import DATABASES, UrlOf, open_empty
from unit.chat.stage import QUICK

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY, new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.holds import Hold, Subjects
from hubbub.chat.model import (
    AS_THE_PLACE,
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
    Pin,
    Post,
    React,
    Recall,
    Submit,
    UserRow,
)
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import ChatStore, Untold
from hubbub.chat.retaining import Retaining
from hubbub.chat.settings import ChatSettings
from hubbub.storage.chat.holds import SqlHolds
from hubbub.storage.chat.search_index import leave_behind
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.file_store import SqlFiles
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.holds import MemoryHolds
from hubbub.storage.memory.store import MemoryStore
from hubbub.storage.tables.chat import entries, mentions, message_states, reactions
from hubbub.storage.tables.search import BLOCK, search_terms

DAY_S = 86_400
ANN, BENJAMIN = Caller(ANNA), Caller(BEN)


class Place:
    """A chat in which messages are kept for thirty days, and who lets go of them."""

    def __init__(
        self, store: ChatStore, files: SqlFiles | None, clock: ManualClock, node: ChatNode, database: Database | None
    ) -> None:
        self.store = store
        self.clock = clock
        self.node = node
        self.database = database
        self.settings = msgspec.structs.replace(QUICK, keep_days=30)
        self.retaining = self.who_lets_go()
        self.holds: SqlHolds | MemoryHolds
        if isinstance(store, MemoryStore):
            self.holds = store.legal_holds(MemoryAudit(clock))
        else:
            assert database is not None
            self.holds = SqlHolds(database)
        self.shelf = Shelf(node, files or store.files, clock)  # type: ignore[attr-defined]

    def who_lets_go(self, sleep: Callable[[float], Awaitable[None]] | None = None) -> Retaining:
        return Retaining(self.store, self.clock, lambda: self.settings, sleep or _at_once)

    def days_pass(self, days: int) -> None:
        self.clock.advance(days * DAY_S)

    async def group(self, *others: str, history: bool = True) -> str:
        return await self.shelf.group(*(others or (BEN,)), history=history)

    async def do(self, where: str, who: str, action: Action, key: str = "") -> Accepted:
        return await self.node.submit(Caller(who), Submit(where, key or new_id(), action))

    async def say(self, where: str, who: str, words: str, **more: object) -> int:
        return (await self.do(where, who, Post(Body(text=words), **more))).seq  # type: ignore[arg-type]

    async def words(self, who: str, where: str) -> list[str]:
        page = await self.node.history(Caller(who), where)
        return [item.message.post.body.text for item in page.items if isinstance(item, MessageState)]

    async def head(self, where: str) -> int:
        return (await self.store.heads([where]))[where]

    async def kept_from(self, where: str) -> int:
        return (await self.store.conversation(ANNA, where)).conversation.kept_from

    async def held(self, *places: str, people: tuple[str, ...] = ()) -> str:
        """Open a legal hold; return its id."""
        hold = Hold(new_id(), "Capulet", "The feud", ANNA, self.clock.now_ms(), from_ms=self.clock.now_ms())
        return (await self.holds.open(hold, Subjects(people, places))).id

    async def released(self, hold_id: str) -> None:
        assert await self.holds.close(hold_id, ANNA)

    async def bodies(self, where: str) -> bytes:
        """Return everything that the database still holds of what was said in a conversation."""
        if isinstance(self.store, MemoryStore):
            tables = self.store._tables
            log = [msgspec.json.encode(row.entry.action) for row in tables.log[where].values()]
            states = [msgspec.json.encode(row.post) for row in tables.messages.values()]
            return b" ".join([*log, *states, *(emoji.encode() for *_, emoji in tables.reactions)])
        statements = [
            select(entries.c.body).where(entries.c.conversation_id == where),
            select(message_states.c.body).where(message_states.c.conversation_id == where),
            select(search_terms.c.term).where(search_terms.c.conversation_id == where),
            select(reactions.c.emoji).where(reactions.c.conversation_id == where),
            select(mentions.c.sender_id).where(mentions.c.conversation_id == where),
        ]
        assert self.database is not None
        found = await self.database.read(
            lambda conn: [value for each in statements for value in conn.execute(each).scalars() if value is not None]
        )
        return b" ".join([value if isinstance(value, bytes) else value.encode() for value in found])


async def _at_once(_: float) -> None: ...


@pytest.fixture(params=["memory", *DATABASES])
async def place(
    request: pytest.FixtureRequest, database_url: UrlOf, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Place]:
    store: ChatStore
    database = None
    files = None
    if request.param == "memory":
        store = MemoryStore(clock)
    else:
        database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
        store, files = SqlStore(database), SqlFiles(database)
    await Script(store, clock, database).there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"), UserRow(CLEO, "cleo"))
    node = ChatNode(store, LocalBus(), clock, QUICK)
    await node.start()
    try:
        yield Place(store, files, clock, node, database)
    finally:
        await node.stop()
        if database is not None:
            await database.close()


async def refused(code: Code, asked: Awaitable[object]) -> None:
    with pytest.raises(ChatError) as refusal:
        await asked
    assert refusal.value.code is code


async def test_what_is_older_is_gone_for_everybody_and_what_is_newer_stays(place: Place) -> None:
    group = await place.group()
    await place.say(group, ANNA, "long ago")
    place.days_pass(20)
    await place.say(group, BEN, "ten days later")
    place.days_pass(12)
    await place.retaining.step()
    for who in (ANNA, BEN):
        page = await place.node.history(Caller(who), group)
        assert await place.words(who, group) == ["ten days later"]
        assert (page.more_before, page.from_seq) == (False, 1), "the page speaks for everything there ever was"
        log = await place.node.entries(Caller(who), group, 0, 100)
        assert [entry.seq for entry in log.entries] == [3, 4]
        assert (log.from_seq, log.to_seq, log.as_of) == (1, 4, 4), "what is absent was withheld, and is not asked for"
    everything = await place.store.entries_for_all(group, 0, 100)
    assert [entry.seq for entry in everything.entries] == [3, 4]
    said = everything.entries[-1]
    assert (said.sender_id, said.action) == (NOBODY, ConversationChange(kept_from=3))
    state = await place.node.conversation(ANN, group)
    assert (state.conversation.kept_from, state.conversation.head) == (3, 4)
    assert state.last_message is not None
    assert state.last_message.message.seq == 3


async def test_the_words_leave_the_database_with_all_that_hangs_on_them(place: Place) -> None:
    group = await place.group()
    old = await place.say(group, ANNA, "quixotic", mentions=(BEN,))
    await place.do(group, ANNA, Edit(old, Body(text="quarrelsome")))
    await place.do(group, BEN, React(old, "quail"))
    await place.do(group, ANNA, Pin(old))
    await place.say(group, BEN, "quibble", thread_seq=old)
    back = await place.say(group, BEN, "quicksand", mention_all=True)
    await place.do(group, BEN, Recall(back))
    while await place.store.index([group], 1000):
        pass
    place.days_pass(40)
    await place.say(group, BEN, "hello there")
    while await place.store.index([group], 1000):
        pass
    await place.retaining.step()
    left = await place.bodies(group)
    assert b"hello there" in left
    assert b"qu" not in left
    assert (await place.node.pins(ANN, group, "", 0))[0] == []
    assert (await place.node.search(ANN, "quixotic")).hits == ()
    assert len((await place.node.search(ANN, "hello")).hits) == 1


async def test_nothing_can_be_done_any_more_to_what_is_gone(place: Place) -> None:
    group = await place.group()
    old = await place.say(group, ANNA, "long ago")
    key = new_id()
    last = await place.do(group, ANNA, Post(Body(text="once")), key)
    place.days_pass(31)
    await place.retaining.step()
    for action in (
        Edit(old, Body(text="x")),
        Recall(old),
        React(old, "x"),
        Pin(old),
        Post(Body(text="x"), reply_to_seq=old),
        Post(Body(text="x"), thread_seq=old),
    ):
        await refused(Code.MESSAGE_NOT_FOUND, place.do(group, ANNA, action))
    await refused(Code.MESSAGE_NOT_FOUND, place.node.revisions(ANN, group, old))
    await refused(Code.MESSAGE_NOT_FOUND, place.node.hide(ANN, group, old))
    again = await place.do(group, ANNA, Post(Body(text="once")), key)
    assert again == Accepted(last.seq, last.time_ms, True), "a key stands for its command for ever"
    assert await place.say(group, BEN, "on we go") == 5, "no number is given out twice"


async def test_what_was_not_read_counts_no_more(place: Place) -> None:
    group = await place.group()
    for n in range(3):
        await place.say(group, ANNA, f"old {n}", mentions=(BEN,))
    place.days_pass(31)
    await place.say(group, ANNA, "new", mentions=(BEN,))
    before = await place.node.conversation(BENJAMIN, group)
    assert (before.unread, before.mentions) == (4, 4)
    await place.retaining.step()
    after = await place.node.conversation(BENJAMIN, group)
    assert (after.unread, after.mentions) == (1, 1)
    place.days_pass(40)
    await place.retaining.step()
    empty = await place.node.conversation(BENJAMIN, group)
    assert (empty.unread, empty.mentions, empty.last_message) == (0, 0, None)


async def test_a_conversation_may_keep_for_longer_for_shorter_or_for_ever(place: Place) -> None:
    for_ever, shorter, as_the_place = [await place.group() for _ in range(3)]
    for group in (for_ever, shorter, as_the_place):
        await place.say(group, ANNA, "hello")
    assert await place.retaining.keep(for_ever, 0)
    assert await place.retaining.keep(shorter, 7)
    assert not await place.retaining.keep(shorter, 7), "the same again is no change"
    assert not await place.retaining.keep(as_the_place, AS_THE_PLACE)
    said = (await place.store.entries(BEN, shorter, 2, 10)).entries
    assert [(entry.sender_id, entry.action) for entry in said] == [(NOBODY, ConversationChange(keep_days=7))]
    assert (await place.node.conversation(BENJAMIN, shorter)).conversation.keep_days == 7
    place.days_pass(9)
    await place.retaining.step()
    assert [await place.words(BEN, group) for group in (for_ever, shorter, as_the_place)] == [["hello"], [], ["hello"]]
    place.days_pass(31)
    await place.retaining.step()
    assert [await place.words(BEN, group) for group in (for_ever, shorter, as_the_place)] == [["hello"], [], []]
    place.settings = msgspec.structs.replace(place.settings, keep_days=0)
    await place.say(as_the_place, ANNA, "kept")
    place.days_pass(400)
    await place.retaining.step()
    assert await place.words(BEN, as_the_place) == ["kept"]
    await refused(Code.CONVERSATION_NOT_FOUND, place.retaining.keep(new_id(), 7))
    await refused(Code.BAD_REQUEST, place.retaining.keep(shorter, -2))
    await refused(Code.BAD_REQUEST, place.retaining.keep(shorter, 36_501))


async def test_members_cannot_say_it_themselves(place: Place) -> None:
    group = await place.group()
    await place.say(group, ANNA, "hello")
    await place.do(group, ANNA, ConversationChange(title="x", keep_days=1, kept_from=3))
    conversation = (await place.node.conversation(ANN, group)).conversation
    assert (conversation.title, conversation.keep_days, conversation.kept_from) == ("x", AS_THE_PLACE, 0)


async def test_letting_go_is_told_once_a_day_and_makes_no_conversation_recent(place: Place) -> None:
    group = await place.group()
    await place.say(group, ANNA, "hello")
    quiet = (await place.node.conversation(ANN, group)).conversation
    place.days_pass(32)
    await place.retaining.step()
    after = (await place.node.conversation(ANN, group)).conversation
    assert (after.head, after.kept_from, after.last_time_ms) == (3, 3, quiet.last_time_ms)
    for _ in range(3):
        place.days_pass(40)
        await place.retaining.step()
    assert await place.head(group) == 3, "there is nothing that could go"
    page = await place.node.history(ANN, group)
    assert page.items == (), "it is no line about the conversation"


async def test_a_message_that_comes_meanwhile_is_not_touched(place: Place) -> None:
    group = await place.group()
    for n in range(5):
        await place.say(group, ANNA, f"old {n}")
    place.days_pass(40)
    said: list[str] = []

    async def people_write(_: float) -> None:
        said.append(f"new {len(said)}")
        await place.say(group, BEN, said[-1])

    await place.who_lets_go(people_write).step()
    assert len(said) > 2
    assert await place.words(ANNA, group) == said
    left = await place.bodies(group)
    assert all(word.encode() in left for word in said)


async def test_who_dies_in_the_middle_is_followed_by_another(place: Place) -> None:
    group = await place.group()
    for n in range(450):
        await place.do(group, ANNA, Post(Body(text=f"quail {n}")))
    place.days_pass(40)

    async def die_after_a_step(_: float) -> None:
        if await place.kept_from(group):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await place.who_lets_go(die_after_a_step).step()
    assert await place.words(BEN, group) == [], "from that moment on nobody sees it"
    assert b"quail" in await place.bodies(group)
    assert await place.store.erase(group, 200), "a step of another one"
    assert b"quail 0" not in await place.bodies(group)
    assert b"quail 449" in await place.bodies(group)
    await place.retaining.step()
    assert b"quail" not in await place.bodies(group)
    assert await place.head(group) == 452


async def test_what_a_legal_hold_is_over_is_never_touched(place: Place) -> None:
    group, theirs, other = [await place.group(*people) for people in ((BEN,), (BEN, CLEO), (BEN,))]
    for where in (group, theirs, other):
        await place.say(where, ANNA, "quail")
    await place.do(theirs, ANNA, MemberChange(MemberAction.REMOVE, (CLEO,)))
    place.days_pass(40)
    hold = await place.held(group, people=(CLEO,))
    await place.retaining.step()
    assert [await place.words(BEN, where) for where in (group, theirs, other)] == [["quail"], ["quail"], []]
    await place.released(hold)
    await place.retaining.step()
    for where in (group, theirs):
        assert await place.words(BEN, where) == []
        assert b"quail" not in await place.bodies(where)


async def test_a_hold_that_comes_in_the_middle_keeps_what_is_left(place: Place) -> None:
    group = await place.group()
    await place.say(group, ANNA, "quail")
    place.days_pass(40)

    held: list[str] = []

    async def hold_after_the_first_step(_: float) -> None:
        if not held and await place.kept_from(group):
            held.append(await place.held(group))

    await place.who_lets_go(hold_after_the_first_step).step()
    assert b"quail" in await place.bodies(group), "though nobody is shown it any more"
    await place.released(held[0])
    await place.retaining.step()
    assert b"quail" not in await place.bodies(group)


async def test_a_hold_that_comes_between_the_two_steps_can_read_everything_and_its_files(place: Place) -> None:
    group = await place.group()
    file = await place.shelf.has(ANNA)
    seq = await place.say(group, ANNA, "quail")
    await place.do(group, ANNA, Edit(seq, Body(text="quarrel", files=(FileRef(file),))))
    place.days_pass(40)
    hold = Hold(new_id(), "Capulet", "The feud", ANNA, place.clock.now_ms())

    async def hold_once_nobody_is_shown_it(_: float) -> None:
        if await place.kept_from(group) and await place.holds.hold(hold.id) is None:
            await place.holds.open(hold, Subjects((BEN,)))

    await place.who_lets_go(hold_once_nobody_is_shown_it).step()
    await place.retaining.step()
    place.days_pass(2)
    assert await place.shelf.swept() == set(), "the file is the message's"
    assert await place.words(ANNA, group) == []
    page = await place.holds.held(hold.id, "", 100)
    assert page is not None
    said = [(each.entry.action, each.erased) for each in page.entries if isinstance(each.entry.action, Post | Edit)]
    assert [(action.body.text, erased) for action, erased in said] == [("quail", False), ("quarrel", False)]
    assert (await place.holds.held_files(hold.id, [file])).keys() == {file}
    await place.released(hold.id)
    await place.retaining.step()
    assert b"qu" not in await place.bodies(group)
    place.days_pass(2)
    assert await place.shelf.swept() == {file}


async def test_files_that_nothing_else_shows_are_free(place: Place) -> None:
    group = await place.group()
    alone, shared = [await place.shelf.has(ANNA) for _ in range(2)]
    await place.do(group, ANNA, Post(Body(files=(FileRef(alone), FileRef(shared)))))
    place.days_pass(40)
    await place.do(group, ANNA, Post(Body(files=(FileRef(shared),))))
    await place.retaining.step()
    assert (await place.shelf.files.find(BEN, [alone, shared])).keys() == {shared}
    place.days_pass(1)
    swept = await place.shelf.files.sweep(place.clock.now_ms(), 10)
    assert [row.id for row in swept] == [alone]


async def test_who_left_does_not_keep_it_either(place: Place) -> None:
    group = await place.group(BEN, CLEO)
    await place.say(group, ANNA, "hello")
    await place.do(group, ANNA, MemberChange(MemberAction.REMOVE, (BEN,)))
    place.days_pass(40)
    await place.do(group, ANNA, ConversationChange(title="later"))
    await place.say(group, ANNA, "later")
    await place.retaining.step()
    assert await place.words(BEN, group) == []
    state = await place.node.conversation(BENJAMIN, group)
    assert (state.conversation.title, state.conversation.head, state.last_message) == ("Verona", 3, None)
    page = await place.node.history(BENJAMIN, group)
    assert (page.items, page.as_of, page.more_before, page.more_after) == ((), 3, False, False)
    log = await place.node.entries(BENJAMIN, group, 0, 10)
    assert (log.entries, log.to_seq, log.as_of) == ((), 3, 3)


async def test_coming_back_over_it_leaves_no_hole(place: Place) -> None:
    group = await place.group()
    for n in range(300):
        await place.do(group, ANNA, Post(Body(text=f"old {n}")))
    place.days_pass(40)
    new = await place.say(group, ANNA, "new")
    await place.retaining.step()
    _, pages = await place.store.resume(BEN, [(group, 5)], 0, limit=200, state_limit=100)
    (page,) = pages
    assert (page.from_seq, page.to_seq, page.reset) == (6, new + 1, False), "what is gone does not count as missing"
    assert [entry.seq for entry in page.entries] == [new, new + 1]


async def test_threads_go_on_from_what_is_left(place: Place) -> None:
    group = await place.group()
    root = await place.say(group, ANNA, "root")
    place.days_pass(40)
    reply = await place.say(group, BEN, "reply", thread_seq=root)
    await place.retaining.step()
    page = await place.node.history(ANN, group, thread_seq=root)
    assert (seqs(page), page.more_before, page.more_after) == ([reply], False, False)


async def test_blocks_of_the_index_go_whole(place: Place) -> None:
    if not isinstance(place.store, SqlStore):
        pytest.skip("the memory store has no index")
    group = await place.group()
    assert place.database is not None
    rows = [
        {"conversation_id": group, "block": block, "term": f"t{n}".encode(), "postings": b"\1"}
        for block in range(3)
        for n in range(3)
    ]
    dialect = place.database.dialect
    values = [(bytes.fromhex(group), row["block"], row["term"], row["postings"]) for row in rows]
    await place.database.write(lambda conn: dialect.write_postings(conn, values))  # type: ignore[arg-type]
    last = 2 * BLOCK - 1
    await place.database.write(lambda conn: leave_behind(conn, dialect, group, 1, last, is_end=True))
    statement = select(search_terms.c.block).where(search_terms.c.conversation_id == group)
    assert await place.database.read(lambda conn: set(conn.execute(statement).scalars())) == {2}


async def test_announcements_and_private_chats_are_kept_as_the_place_says(place: Place) -> None:
    private = (await place.node.open_direct(ANN, BEN)).conversation.id
    await place.say(private, ANNA, "hello")
    place.days_pass(40)
    await place.retaining.step()
    assert await place.words(BEN, private) == []
    assert (await place.store.conversation(ANNA, private)).conversation.kind is ConversationKind.DIRECT
    assert await place.say(private, ANNA, "hello again") == 4


async def test_the_sweep_tells_of_it(place: Place) -> None:
    group = await place.group()
    await place.say(group, ANNA, "hello")
    place.days_pass(40)
    for untold in await place.store.stale_outbox(0, 100):
        await place.store.clear_outbox(untold.id)
    await place.retaining.step()
    if place.database is not None and place.database.shared:
        return
    place.clock.advance(5)
    told: list[Untold] = await place.store.stale_outbox(2_000, 100)
    assert [row.heads for row in told] == [{group: 3}]


def test_the_settings_keep_for_ever() -> None:
    assert ChatSettings().keep_days == 0
