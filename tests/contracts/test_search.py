"""Every store finds the same: what the words mean, what may be seen, and in which order and pages."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from contracts.script import ANNA, BEN, CLEO, Script, an_id
from sqlalchemy import func, select
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import Body, ConversationKind, FileRef, MessageRow, Post, UserRow
from hubbub.chat.ports import Needs
from hubbub.chat.search.found import Wanted
from hubbub.storage.chat.search_index import forget_block
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.memory.store import MemoryStore
from hubbub.storage.tables.search import search_terms


async def indexed(script: Script) -> None:
    """Bring the index up to date, as the node's loop does."""
    looked = ""
    while True:
        behind, looked = await script.store.behind(looked, 3)
        while behind:
            behind = sorted(await script.store.index(behind, 100))
        if not looked:
            return


async def find(script: Script, user: str, *words: str, limit: int = 50, **narrowed: object) -> list[str]:
    """Return the words of what is found, over all pages."""
    rows = await pages(script, user, Wanted(words, **narrowed), limit)  # type: ignore[arg-type]
    return [row.post.body.text for row in rows]


async def pages(script: Script, user: str, wanted: Wanted, limit: int) -> list[MessageRow]:
    found: list[MessageRow] = []
    cursor = ""
    while True:
        rows, cursor = await script.store.search(user, wanted, cursor, limit)
        assert len(rows) <= limit
        found += rows
        if not cursor:
            return found


async def a_message(script: Script, id_: str, seq: int) -> MessageRow | None:
    """Return a message that is not recalled."""
    facts = await script.facts(Needs(conversations={id_}, messages={(id_, seq)}))
    message = facts.messages.get((id_, seq))
    return None if message is None or message.recalled else message


async def says(script: Script, id_: str, sender: str, *texts: str) -> None:
    for text in texts:
        await script.time_passes(1)
        await script.say(id_, sender, text)


async def test_words_of_any_script_are_found_whatever_their_case_accents_and_widths(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await says(
        script,
        stage,
        ANNA,
        "Déjà vu, naïve Ångström",
        "消息系统上线了",
        "iPhone15发布会在明天",
        "ＦＵＬＬ width",
        "👍🏽 yes",
    )
    await indexed(script)
    assert await find(script, BEN, "deja", "VU") == ["Déjà vu, naïve Ångström"]
    assert await find(script, BEN, "angstrom") == ["Déjà vu, naïve Ångström"]
    assert await find(script, BEN, "消") == ["消息系统上线了"]
    assert await find(script, BEN, "了") == ["消息系统上线了"]
    assert await find(script, BEN, "系统") == ["消息系统上线了"]
    assert await find(script, BEN, "息系") == ["消息系统上线了"]
    assert await find(script, BEN, "消息系统") == ["消息系统上线了"]
    assert await find(script, BEN, "消系") == []
    assert await find(script, BEN, "iphone15") == ["iPhone15发布会在明天"]
    assert await find(script, BEN, "15发布") == ["iPhone15发布会在明天"]
    assert await find(script, BEN, "iphone", "明天") == ["iPhone15发布会在明天"]
    assert await find(script, BEN, "full") == ["ＦＵＬＬ width"]
    assert await find(script, BEN, "👍") == ["👍🏽 yes"]


async def test_the_last_word_may_be_unfinished_and_others_may_not(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await says(script, stage, ANNA, "the hello world", "othello", "hell of a world")
    await indexed(script)
    assert await find(script, BEN, "hel") == ["hell of a world", "the hello world"]
    assert await find(script, BEN, "hel", last_goes_on=False) == []
    assert await find(script, BEN, "hel", "world") == []
    assert await find(script, BEN, "hello", "w") == ["the hello world"]
    assert await find(script, BEN, "hello world") == ["the hello world"]
    assert await find(script, BEN, "hell world") == []


async def test_nothing_is_found_that_may_not_be_seen(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await says(script, stage, ANNA, "secret one")
    await script.add(stage, ANNA, CLEO)
    await says(script, stage, ANNA, "secret two")
    await script.remove(stage, ANNA, CLEO)
    await says(script, stage, ANNA, "secret three")
    elsewhere = await script.make(ANNA, BEN)
    await says(script, elsewhere, ANNA, "secret four")
    await indexed(script)
    assert await find(script, CLEO, "secret") == ["secret two"]
    assert await find(script, CLEO, "secret", conversation_ids=(elsewhere,)) == []
    assert await find(script, CLEO, "secret", conversation_ids=(an_id(),)) == []
    assert await find(script, BEN, "secret") == ["secret four", "secret three", "secret two", "secret one"]


async def test_the_newest_edit_is_found_and_what_was_taken_back_is_not(script: Script) -> None:
    stage = await script.make(ANNA, BEN, CLEO)
    seq = await script.say(stage, ANNA, "first words")
    gone = await script.say(stage, ANNA, "second words")
    hidden = await script.say(stage, ANNA, "third words")
    await indexed(script)
    await script.remove(stage, ANNA, CLEO)
    await script.edit(stage, ANNA, seq, "changed text")
    assert await find(script, BEN, "first") == []
    await indexed(script)
    assert await find(script, BEN, "changed") == ["changed text"]
    assert await find(script, BEN, "first") == []
    assert await find(script, CLEO, "first") == ["first words"], "who left before the edit knows the old words"
    assert await find(script, CLEO, "changed") == []
    await script.recall(stage, ANNA, gone)
    assert await find(script, BEN, "second") == []
    await script.store.hide(BEN, stage, hidden)
    assert await find(script, BEN, "third") == []
    assert await find(script, ANNA, "third") == ["third words"]
    await indexed(script)
    assert await find(script, ANNA, "second") == []


async def test_filters_narrow(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    other = await script.make(ANNA, BEN)
    await says(script, stage, ANNA, "plan a", "plan b")
    await script.time_passes(10)
    noon = script.clock.now_ms()
    await says(script, stage, BEN, "plan c")
    await says(script, other, ANNA, "plan d")
    await script.act(other, BEN, Post(Body(files=(FileRef(an_id(), "plan.pdf", "application/pdf", 9),))))
    await indexed(script)
    assert await find(script, BEN, "plan", senders=(BEN,)) == ["", "plan c"]
    assert await find(script, BEN, senders=(BEN, ANNA), before_ms=noon) == ["plan b", "plan a"]
    assert await find(script, BEN, conversation_ids=(other,)) == ["", "plan d"]
    assert await find(script, BEN, after_ms=noon, conversation_ids=(stage,)) == ["plan c"]
    assert await find(script, BEN, "plan", has_file=True) == [""]
    assert await find(script, BEN, has_file=True, senders=(ANNA,)) == []


async def test_pages_hold_everything_once_newest_first(script: Script) -> None:
    rooms = [await script.make(ANNA, BEN) for _ in range(5)]
    said = []
    for number in range(60):
        if number % 4:
            await script.time_passes(0.001)
        await script.say(rooms[number * 7 % 5], ANNA, f"word {number}")
        said.append(f"word {number}")
    await indexed(script)
    whole = await pages(script, BEN, Wanted(("word",)), 100)
    assert [row.time_ms for row in whole] == sorted((row.time_ms for row in whole), reverse=True)
    assert sorted(row.post.body.text for row in whole) == sorted(said)
    for limit in (1, 7, 30):
        assert await pages(script, BEN, Wanted(("word",)), limit) == whole
    with pytest.raises(ChatError) as refused:
        await script.store.search(BEN, Wanted(("word",)), "nonsense", 5)
    assert refused.value.code is Code.BAD_CURSOR


async def test_announcements_and_open_channels_are_searched(script: Script) -> None:
    await script.make_system()
    channel = await script.make(ANNA, kind=ConversationKind.CHANNEL, title="Café 咖啡")
    await says(script, channel, ANNA, "open words")
    await script.say(SYSTEM_CONVERSATION, ANNA, "words for all")
    await indexed(script)
    assert await find(script, BEN, "words") == ["words for all"]
    assert await find(script, BEN, "words", conversation_ids=(channel,)) == ["open words"]


async def test_conversations_are_found_by_their_title_or_by_who_is_there(script: Script) -> None:
    await script.there_is(UserRow(ANNA, "anna", "Änne"), UserRow(BEN, "ben"))
    await script.make(ANNA, BEN, title="Café Plans")
    await script.make(BEN, title="Café of others")
    await script.make(ANNA, BEN, kind=ConversationKind.DIRECT, title="")

    async def found(user: str, query: str) -> list[str]:
        states = await script.store.find_conversations(user, query, 10)
        return [state.conversation.title or state.conversation.kind.name for state in states]

    assert await found(ANNA, "CAFE") == ["Café Plans"]
    assert await found(BEN, "anne") == ["DIRECT"]
    assert await found(ANNA, "anne") == []


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("seed", range(3))
async def test_any_database_finds_what_looking_at_every_message_finds(
    kind: str, seed: int, database_url: UrlOf, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    clocks = ManualClock(), ManualClock()
    database = await open_empty(database_url(kind), tmp_path / "data", clock=clocks[1])
    ids = [f"{n:032x}" for n in range(1, 5)]
    words = ["red", "reddish", "blue", "Blau", "消息", "系统", "消", "x1", "x12", "été", "a"]
    try:
        scripts = Script(MemoryStore(clocks[0]), clocks[0]), Script(SqlStore(database), clocks[1], database)
        for id_ in ids:
            for script in scripts:
                await script.make(ANNA, BEN, id_=id_)
        for _ in range(120):
            id_, sender = rng.choice(ids), rng.choice((ANNA, BEN))
            text = "".join(rng.choices(words, k=3)) if rng.random() < 0.3 else " ".join(rng.choices(words, k=4))
            act, target, key = rng.random(), rng.randint(2, 20), an_id()
            for script in scripts:
                script.clock.advance(0.001 * (target % 2))
                message = await a_message(script, id_, target) if act < 0.25 else None
                if act < 0.05 and message is not None:
                    await script.recall(id_, sender, target)
                elif act < 0.15 and message is not None:
                    await script.edit(id_, sender, target, text)
                elif act < 0.25 and message is not None:
                    await script.store.hide(BEN, id_, target)
                else:
                    await script.act(id_, sender, Post(Body(text=text)), client_id=key)
            if rng.random() < 0.1:
                await indexed(scripts[1])
        await indexed(scripts[1])
        for _ in range(60):
            given = tuple(rng.choices([*words, "r", "re", "息", "blue red", "x"], k=rng.choice((0, 1, 1, 2))))
            wanted = Wanted(
                given,
                rng.random() < 0.7,
                rng.choice(((), (ANNA,))),
                rng.choice(((), tuple(ids[:2]))),
                after_ms=rng.choice((0, clocks[0].now_ms() - 30)),
            )
            limit = rng.choice((1, 5, 50))
            told = [
                [(row.conversation_id, row.seq, row.post) for row in await pages(script, BEN, wanted, limit)]
                for script in scripts
            ]
            assert told[0] == told[1], wanted
    finally:
        await database.close()


@pytest.mark.parametrize("kind", DATABASES)
async def test_words_that_were_taken_back_leave_the_index(kind: str, database_url: UrlOf, tmp_path: Path) -> None:
    clock = ManualClock()
    database = await open_empty(database_url(kind), tmp_path / "data", clock=clock)
    try:
        script = Script(SqlStore(database), clock, database)
        stage = await script.make(ANNA)
        seq = await script.say(stage, ANNA, "confidential")
        await script.edit(stage, ANNA, seq, "reserved")
        await indexed(script)
        count = select(func.count()).select_from(search_terms)
        assert await database.read(lambda conn: conn.execute(count).scalar_one()) == 3
        await script.recall(stage, ANNA, seq)
        await indexed(script)
        assert await database.read(lambda conn: conn.execute(count).scalar_one()) == 0
    finally:
        await database.close()


@pytest.mark.parametrize("kind", DATABASES)
async def test_an_index_that_was_emptied_is_made_again(kind: str, database_url: UrlOf, tmp_path: Path) -> None:
    clock = ManualClock()
    database = await open_empty(database_url(kind), tmp_path / "data", clock=clock)
    try:
        script = Script(SqlStore(database), clock, database)
        stage = await script.make(ANNA)
        await says(script, stage, ANNA, "one word", "two words")
        await indexed(script)
        while await database.write(forget_block):
            pass
        assert await find(script, ANNA, "word") == []
        await indexed(script)
        assert await find(script, ANNA, "word") == ["two words", "one word"]
        assert await script.store.index([stage], 10) == set(), "what is indexed is not behind"
    finally:
        await database.close()
