"""Whatever happens on the stage, memory and every database tell the same story to everybody in the house.

Random scripts are played on both stores, and after every few acts everything each person can ask is asked of both.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script, an_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError
from hubbub.base.ids import NOBODY
from hubbub.chat.model import Coming, ConversationChange, ConversationKind, Mark, MemberState
from hubbub.chat.ports import ChatStore
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.memory.store import MemoryStore

PEOPLE = (ANNA, BEN, CLEO, DORA)
ROOMS = ("a" * 32, "b" * 32, "d" * 32)

room = st.sampled_from(ROOMS)
somebody = st.sampled_from(PEOPLE)
some_mentions = st.lists(somebody, max_size=2, unique=True).map(tuple)
# The edge refuses NUL and lone surrogates, which not every database can hold.
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
some_seq = st.integers(2, 8)

act = st.one_of(
    st.tuples(st.just("say"), room, somebody, words, some_mentions, st.booleans()),
    st.tuples(st.just("reply"), room, somebody, some_seq, st.booleans()),
    st.tuples(st.just("edit"), room, somebody, some_seq, words, some_mentions, st.booleans()),
    st.tuples(st.just("recall"), room, somebody, some_seq),
    st.tuples(st.just("react"), room, somebody, some_seq, st.sampled_from(["👍", "🎉"]), st.booleans()),
    st.tuples(st.just("pin"), room, somebody, some_seq, st.booleans()),
    st.tuples(st.just("change"), room, somebody, words),
    st.tuples(st.just("add"), room, somebody, somebody),
    st.tuples(st.just("remove"), room, somebody, somebody),
    st.tuples(st.just("join"), somebody),
    st.tuples(st.just("leave"), somebody),
    st.tuples(st.just("mark"), room, somebody, some_seq, some_seq),
    st.tuples(st.just("hide"), room, somebody, some_seq),
    st.tuples(st.just("wait")),
)


async def play(script: Script, line: tuple[Any, ...]) -> object:
    """Do one act if it makes sense; return what it said."""
    what, *args = line
    if what == "wait":
        script.clock.advance(1)
        return None
    if what in ("join", "leave"):
        state = MemberState.JOINED if what == "join" else MemberState.LEFT
        member = (await script.store.conversation(args[0], ROOMS[2])).member
        if (member.state is MemberState.JOINED) == (what == "join"):
            return None
        return (await script.join(ROOMS[2], args[0], state)).user_versions
    id_, user = args[:2]
    if what == "say":
        return await script.say(id_, user, args[2], mentions=args[3], mention_all=args[4])
    if what == "mark":
        return (await script.store.set_marks([(id_, Mark(user, args[2], args[3]))])).rows
    if what == "hide":
        await script.store.hide(user, id_, args[2])
        return None
    if what == "change":
        return await script.change(id_, user, ConversationChange(title=args[2], topic=args[2]))
    if what in ("add", "remove"):
        try:
            member = (await script.store.conversation(args[2], id_)).member
            joined = member.state is MemberState.JOINED
        except ChatError:
            joined = False
        if joined == (what == "add"):
            return None
        return await (script.add if what == "add" else script.remove)(id_, user, args[2])
    target = args[2]
    try:
        revisions = await script.store.revisions(NOBODY, id_, target)
    except ChatError:
        revisions = []
    if not revisions:
        # Nothing that could be pointed at; NOBODY is in every room and sees all of it.
        return None
    if what == "reply":
        return await script.say(id_, user, "reply", thread_seq=target, also_in_conversation=args[3])
    if what == "edit":
        return await script.edit(id_, user, target, args[3], args[4], args[5])
    if what == "recall":
        return await script.recall(id_, user, target)
    if what == "react":
        return await script.react(id_, user, target, args[3], args[4])
    return await script.pin(id_, user, target, args[3])


async def told(look: Awaitable[object]) -> object:
    try:
        return await look
    except ChatError as refusal:
        return refusal.code


async def everything(store: ChatStore) -> dict[str, object]:
    """Ask all there is to ask."""
    found: dict[str, object] = {"heads": await store.heads(ROOMS)}
    for user in PEOPLE:
        found[f"{user} state"] = await store.user_state(user, 0, 100)
        found[f"{user} state, paged"] = await store.user_state(user, 1, 1)
        found[f"{user} list"] = await store.conversations(user, "", 2)
        found[f"{user} channels"] = await store.channels(user, "", "", 10)
        found[f"{user} audience"] = await store.audience(user)
        found[f"{user} listening"] = await store.listening([user])
        found[f"{user} resume"] = await store.resume(user, [(id_, 2) for id_ in ROOMS], 2, limit=3, state_limit=2)
        coming = Coming(user, 2, tuple((id_, 3) for id_ in ROOMS))
        found[f"{user} enter"] = await store.enter(coming, limit=3, state_limit=2)
        for id_ in ROOMS:
            looks: dict[str, Callable[[], Awaitable[object]]] = {
                "entries": lambda user=user, id_=id_: store.entries(user, id_, 1, 4),  # type: ignore[misc]
                "newest": lambda user=user, id_=id_: store.history(user, id_, limit=3),  # type: ignore[misc]
                "all": lambda user=user, id_=id_: store.history(user, id_, limit=50),  # type: ignore[misc]
                "before": lambda user=user, id_=id_: store.history(user, id_, before_seq=4, limit=2),  # type: ignore[misc]
                "after": lambda user=user, id_=id_: store.history(user, id_, after_seq=2, limit=2),  # type: ignore[misc]
                "around": lambda user=user, id_=id_: store.history(user, id_, around_seq=3, limit=3),  # type: ignore[misc]
                "thread": lambda user=user, id_=id_: store.history(user, id_, thread_seq=2, limit=2),  # type: ignore[misc]
                "revisions": lambda user=user, id_=id_: store.revisions(user, id_, 2),  # type: ignore[misc]
                "pins": lambda user=user, id_=id_: store.pins(user, id_, "", 1),  # type: ignore[misc]
                "conversation": lambda user=user, id_=id_: store.conversation(user, id_),  # type: ignore[misc]
                "members": lambda user=user, id_=id_: store.members(user, id_, "", 3),  # type: ignore[misc]
            }
            for name, look in looks.items():
                found[f"{user} {id_} {name}"] = await told(look())
    return found


def plain(value: object) -> object:
    return msgspec.to_builtins(value)


def same_ids_for_both() -> None:
    """Let the ids given out begin anew, so that both stores get the same."""
    an_id.begin_anew()


@pytest.mark.parametrize("kind", DATABASES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(act, min_size=20, max_size=60))
def test_memory_and_a_database_tell_the_same_story(
    kind: str, database_url: UrlOf, lines: list[tuple[Any, ...]]
) -> None:
    async def compare() -> None:
        with tempfile.TemporaryDirectory() as folder:
            clocks = ManualClock(), ManualClock()
            database = await open_empty(database_url(kind), Path(folder), readers=1, clock=clocks[1])
            try:
                scripts = Script(MemoryStore(clocks[0]), clocks[0]), Script(SqlStore(database), clocks[1], database)
                stories = []
                for script in scripts:
                    same_ids_for_both()
                    await script.make(ANNA, BEN, NOBODY, id_=ROOMS[0], title="group")
                    await script.make(ANNA, NOBODY, id_=ROOMS[1], title="other")
                    await script.make(BEN, NOBODY, kind=ConversationKind.CHANNEL, id_=ROOMS[2], title="channel")
                    await script.make_system()
                    for id_ in ROOMS:
                        for n, user in enumerate((ANNA, BEN, ANNA)):
                            await script.say(id_, user, f"line {n}", mentions=(CLEO, BEN)[:n], mention_all=n == 1)
                    story: list[object] = []
                    for number, line in enumerate(lines):
                        story.append((line, plain(await play(script, line))))
                        if number % 20 == 19:
                            story.append(plain(await everything(script.store)))
                    story.append(plain(await everything(script.store)))
                    stories.append(story)
                for told_by_memory, told_by_database in zip(*stories, strict=True):
                    assert told_by_memory == told_by_database
            finally:
                await database.close()

    asyncio.run(compare())
