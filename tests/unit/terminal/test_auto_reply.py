"""Answers by themselves: for whom, how often, and by whose function."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.screens import StillClock

from hubbub.client import Conversation, Entry, Kind, User
from hubbub.client.models import Body, Post
from hubbub.terminal.auto_reply import IN_A_ROW, PAUSE_S, Asked, AutoReply, HookNotFound, asked_of, load_hook

ME, JULIET, ROOM = "a" * 32, "b" * 32, "d" * 32
QUESTION = Asked("Art thou there?", "juliet", JULIET, ROOM, True)


def entry(text: str = "hear me", sender: str = JULIET, **post: object) -> Entry:
    return Entry(ROOM, 1, 1, sender, "", Post(Body(text), **post))  # type: ignore[arg-type]


def test_only_what_is_meant_for_this_person_is_answered() -> None:
    direct, group = Conversation(ROOM, Kind.DIRECT), Conversation(ROOM, Kind.GROUP)
    juliet = User(JULIET, "juliet")
    assert asked_of(entry(), direct, juliet, ME) == Asked("hear me", "juliet", JULIET, ROOM, True)
    assert asked_of(entry(), group, juliet, ME) is None
    assert asked_of(entry(mentions=(ME,)), group, juliet, ME) is not None
    assert asked_of(entry(sender=ME), direct, None, ME) is None
    assert asked_of(entry(withdrawn=True), direct, juliet, ME) is None


async def test_it_answers_only_while_it_is_on_and_never_a_bot() -> None:
    auto = AutoReply(lambda asked: f"re: {asked.text}", StillClock())
    assert await auto.answer(QUESTION) == ""
    auto.on = True
    assert await auto.answer(QUESTION, bot=True) == ""
    assert await auto.answer(QUESTION) == "re: Art thou there?"


async def test_a_hook_may_be_a_coroutine_function_and_may_say_nothing() -> None:
    async def hook(asked: Asked) -> str | None:
        return None if asked.direct else "yes"

    auto = AutoReply(hook, StillClock())
    auto.on = True
    assert await auto.answer(QUESTION) == ""


async def test_two_that_answer_each_other_come_to_an_end() -> None:
    clock = StillClock()
    auto = AutoReply(lambda asked: "and you?", clock)
    auto.on = True
    answers = 0
    for _ in range(IN_A_ROW * 2):
        answers += bool(await auto.answer(QUESTION))
        assert not await auto.answer(QUESTION), "there is a pause between two answers"
        clock.seconds += PAUSE_S
    assert answers == IN_A_ROW
    auto.person_spoke(ROOM)
    assert await auto.answer(QUESTION)


def test_a_function_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nurse_hook.py").write_text("def reply(asked):\n    return 'anon!'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    assert load_hook("nurse_hook:reply")(QUESTION) == "anon!"
    for name in ("nurse_hook", "nurse_hook:nothing", "no_such_module:reply", "nurse_hook:__doc__"):
        with pytest.raises(HookNotFound):
            load_hook(name)
