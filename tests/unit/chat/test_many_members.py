"""A group of ten thousand: made in hundreds, talked in, listed and left, in sane time and memory."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from pathlib import Path

from unit.chat.stage import Stage, a_stage
from unit.chat.world import fresh_id, person, text

from hubbub.chat.model import Caller, MemberAction, MemberChange, Submit
from hubbub.chat.ports import EntriesAppended
from hubbub.chat.settings import ChatSettings

MANY = 10_000
AT_ONCE = 100
UNLIMITED = ChatSettings(limits_on=False, sweep_interval_s=3600.0, schedule_interval_s=3600.0)


async def test_ten_thousand_members_are_added_heard_listed_and_let_go(tmp_path: Path) -> None:
    people = [person(number) for number in range(1, MANY + 1)]
    async with a_stage(tmp_path, people=people, settings=UNLIMITED) as stage:
        group = await stage.group(people[0])
        for at in range(1, MANY, AT_ONCE):
            await stage.does(people[0], group, MemberChange(MemberAction.ADD, tuple(people[at : at + AT_ONCE])))
        await stage.node.told()
        head = (await stage.node.heads([group]))[group]
        assert head == 1 + len(range(1, MANY, AT_ONCE))

        stage.heard.clear()
        took_s, peak_bytes = await send(stage, group, people[:500])
        told = [event for event in stage.heard if isinstance(event, EntriesAppended)]
        assert sum(len(event.entries) for event in told) == 500
        assert all(event.audience is None for event in told), "nobody is named one by one"
        # A write per member and message would be five million rows; this is five hundred.
        assert took_s < 5
        assert peak_bytes < 32 << 20

        listed, cursor = set[str](), ""
        while True:
            _, rows, cursor = await stage.node.members(Caller(people[7]), group, cursor, AT_ONCE)
            assert len(rows) <= AT_ONCE
            listed.update(row.user_id for row in rows)
            if not cursor:
                break
        assert listed == set(people)

        for who in people[-50:]:
            await stage.node.leave(Caller(who), group, fresh_id())
        gone = await stage.node.conversation(Caller(people[-50]), group)
        left = await stage.node.conversation(Caller(people[1]), group)
        assert (left.conversation.member_count, left.unread) == (MANY - 50, 100)
        assert gone.conversation.head == head + 501
        page = await stage.node.entries(Caller(people[-50]), group, head + 500, 100)
        assert [entry.seq for entry in page.entries] == [head + 501]


async def send(stage: Stage, group: str, people: list[str]) -> tuple[float, int]:
    """Have everybody say something at once; return how long it took, and the memory on the way."""
    tracemalloc.start()
    began = time.perf_counter()
    try:
        sends = [stage.node.submit(Caller(who), Submit(group, fresh_id(), text())) for who in people]
        await asyncio.gather(*sends)
        await stage.node.told()
        return time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
