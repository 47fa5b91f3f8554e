"""The death that tests order comes at its moment, and never where nobody ordered it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from unit.chat.stage import a_memory
from unit.chat.world import ANNA, fresh_id, text

from hubbub.base.clock import ManualClock
from hubbub.bus.local import LocalBus
from hubbub.chat.changes import UserChanges
from hubbub.chat.commit import GroupCommit
from hubbub.chat.fault import BEFORE_PUBLISH, IN_TRANSACTION, planned
from hubbub.chat.model import ConversationKind, Entry
from hubbub.chat.outbox import Outbox
from hubbub.chat.ports import Changes, Committed, EntriesAppended, Event
from hubbub.chat.publishing import Publisher, Stored
from hubbub.chat.rules import Establish, Plan
from hubbub.chat.settings import ChatSettings

SCRIPT = """
from hubbub.chat.fault import planned
publish = planned("exit_before_publish:3")
for number in range(5):
    print(number, flush=True)
    publish()
"""


def test_the_process_dies_before_the_batch_that_was_named() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, timeout=30, check=False)
    assert run.returncode == -signal.SIGKILL
    assert run.stdout.split() == [b"0", b"1", b"2"]


def test_nothing_is_planned_unless_it_is_asked_for() -> None:
    assert planned(ChatSettings().fault) is None
    for nonsense in ("exit", "exit_before_publish", "exit_before_publish:", "exit_before_publish:-1"):
        with pytest.raises(ValueError, match="no such fault"):
            planned(nonsense)


async def test_the_moment_is_after_the_commit_and_before_anybody_is_told() -> None:
    store, bus, heard = a_memory(ManualClock(), ()), LocalBus(), list[Event]()
    bus.feed(heard.extend, everything=True)
    outbox = Outbox(store, bus, ManualClock(), ChatSettings())
    told_before: list[int] = []
    publisher = Publisher(bus, outbox, UserChanges(store, bus, 100), lambda: told_before.append(len(heard)))
    conversation = fresh_id()
    entry = Entry(conversation, 1, 1, ANNA, fresh_id(), text())
    plan = Plan(Changes(), [], [EntriesAppended(conversation, (entry,), (ANNA,))])
    await publisher.publish([Stored(plan, Committed({}, 0))])
    assert (told_before, len(heard)) == ([0], 1)


async def test_the_other_moment_is_inside_the_transaction_before_anything_is_decided() -> None:
    store, clock = a_memory(ManualClock(), ()), ManualClock()
    inside: list[int] = []
    stored: list[Stored] = []

    async def publish(batch: Stored) -> None:
        stored.append(batch)

    commits = GroupCommit(store, publish, clock, ChatSettings(), lambda: inside.append(len(stored)))
    commits.start()
    await commits.submit(Establish(fresh_id(), ConversationKind.CHANNEL, "general"))
    await commits.stop()
    assert (inside, len(stored)) == ([0], 1)


def test_a_moment_that_was_not_named_passes_unharmed() -> None:
    assert planned("stop_in_transaction:1", BEFORE_PUBLISH) is None
    assert planned("stop_in_transaction:1", IN_TRANSACTION) is not None


AGAIN = """
from hubbub.chat.fault import IN_TRANSACTION, planned
for life in range(2):
    print(life, flush=True)
    planned("stop_in_transaction:1", IN_TRANSACTION)()
"""


def test_a_process_that_begins_anew_is_not_stopped_again() -> None:
    with subprocess.Popen([sys.executable, "-c", AGAIN], stdout=subprocess.PIPE) as run:
        _, status = os.waitpid(run.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        os.kill(run.pid, signal.SIGCONT)
        _, status = os.waitpid(run.pid, os.WUNTRACED)
        run.returncode = os.waitstatus_to_exitcode(status)
        assert run.returncode == 0
        assert run.stdout is not None
        assert run.stdout.read().split() == [b"0", b"1"]
