"""How long the rules take per message: checking, making the command, naming rows, planning.

    python bench/rules.py [--messages 20000] [--batch 200]

Plain posts of 200 bytes by members of direct chats, in batches; no store and no loop.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

from hubbub.base.ids import direct_id, new_id
from hubbub.chat import checks, rules
from hubbub.chat.model import (
    MAX_SEQ,
    Body,
    Caller,
    ConversationKind,
    ConversationRow,
    MemberRow,
    Post,
    Submit,
)
from hubbub.chat.ports import Facts
from hubbub.chat.rules import Send

T = TypeVar("T")


def facts_of(pairs: list[tuple[str, str]]) -> Facts:
    """Return the rows of direct chats between these pairs."""
    chats = {direct_id(*pair): pair for pair in pairs}
    return Facts(
        conversations={chat: ConversationRow(chat, ConversationKind.DIRECT, head=1, member_count=2) for chat in chats},
        keys={},
        user_keys={},
        members={
            (chat, who): MemberRow(chat, who, intervals=((1, MAX_SEQ),)) for chat, pair in chats.items() for who in pair
        },
        messages={},
        users=set(),
        audiences={chat: tuple(sorted(pair)) for chat, pair in chats.items()},
    )


def timed(name: str, count: int, work: Callable[[], T]) -> T:
    """Run `work` and print what it took per message."""
    begin = time.perf_counter()
    result = work()
    print(f"{name:<28} {(time.perf_counter() - begin) / count * 1e6:6.2f} us per message")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the rules.")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=200)
    options = parser.parse_args()
    count, size = options.messages, options.batch
    people = [new_id() for _ in range(200)]
    pairs = list(zip(people[::2], people[1::2], strict=True))
    callers = [Caller(who) for who in people]
    chats = [direct_id(*pair) for pair in pairs]
    submits = [
        (callers[number % 200], Submit(chats[number % 200 // 2], new_id(), Post(Body(text="x" * 200))))
        for number in range(count)
    ]
    checked = timed("check every field", count, lambda: [(caller, checks.submit(submit)) for caller, submit in submits])
    sends = timed("make the command (digest)", count, lambda: [Send.of(*each) for each in checked])
    batches = [sends[at : at + size] for at in range(0, count, size)]
    timed("name the rows", count, lambda: [rules.needs(batch) for batch in batches])
    facts = [facts_of(pairs) for _ in batches]
    timed(
        "plan",
        count,
        lambda: [rules.plan(batch, rows, 1_700_000_000_000) for batch, rows in zip(batches, facts, strict=True)],
    )


if __name__ == "__main__":
    main()
