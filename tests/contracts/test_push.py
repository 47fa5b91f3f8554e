"""Who is called about what, by any number of workers, on every store."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from contracts.script import ANNA, BEN, CLEO, Script, an_id
from msgspec.structs import replace
from support.push_service import PretendedBrowser, PretendedPushService

from hubbub.auth.ports import Account, AccountStore, Login
from hubbub.base.ids import SYSTEM_CONVERSATION, new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import ConversationKind, Mark, Notify, OwnChange, UserRow
from hubbub.chat.node import ChatNode
from hubbub.chat.service import Chat
from hubbub.chat.settings import ChatSettings
from hubbub.push.model import Quiet
from hubbub.push.noting import Noting
from hubbub.push.ports import Delivery, PushStore
from hubbub.push.settings import PushSettings
from hubbub.push.vapid import Vapid, new_vapid_key
from hubbub.push.worker import PushWorker
from hubbub.server.push import ChatSight
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.memory.accounts import MemoryAccounts
from hubbub.storage.memory.push import MemoryPush
from hubbub.storage.memory.store import MemoryStore
from hubbub.storage.push_store import SqlPush

SETTINGS = PushSettings(grace_s=4.0, away_s=30.0, tries=3, large=3)
VAPID = new_vapid_key()


class Verona:
    """People with browsers, and workers that call them."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.accounts: AccountStore
        self.store: PushStore
        if script.db is None:
            self.accounts = MemoryAccounts()
            self.store = MemoryPush(script.store, self.accounts)
        else:
            self.accounts = SqlAccounts(script.db)
            self.store = SqlPush(script.db)
        self.service = PretendedPushService()
        self.connected: dict[str, set[str]] = {}
        self.noting = Noting(self.store, script.clock, SETTINGS)
        self.worker = self.another_worker()

    def another_worker(self) -> PushWorker:
        chat = cast("Chat", ChatNode(self.script.store, LocalBus(), self.script.clock, ChatSettings()))
        clock = self.script.clock
        return PushWorker(
            self.store,
            ChatSight(chat, clock),
            self._connected,
            self.service,
            Vapid(VAPID, "mailto:prince@verona.example", clock),
            clock,
            SETTINGS,
        )

    async def _connected(self, user_id: str) -> set[str]:
        return self.connected.get(user_id, set())

    async def are_there(self, *people: str) -> None:
        for user_id in people:
            name = bytes.fromhex(user_id).rstrip(b"\0").decode()
            if isinstance(self.script.store, MemoryStore):
                await self.script.there_is(UserRow(user_id, name, name.title()))
            await self.accounts.add_account(
                Account(
                    id=user_id,
                    username=name,
                    username_key=name,
                    display_name=name.title(),
                    password_hash="",
                    created_ms=0,
                    welcomed=True,
                )
            )

    async def logs_in(self, user_id: str) -> Login:
        now_ms = self.script.clock.now_ms()
        login = Login(new_id(), user_id, new_id(), "browser", new_id().encode(), b"r" * 32, now_ms, now_ms)
        assert await self.accounts.add_login(login, auth_epoch=1, keep=50) is not None
        return login

    async def subscribes(
        self, user_id: str, *, content: bool = True, browser: PretendedBrowser | None = None, login: Login | None = None
    ) -> PretendedBrowser:
        login = login or await self.logs_in(user_id)
        browser = browser or self.service.browser()
        more = {"content": content, "language": "en", "created_ms": self.script.clock.now_ms()}
        await self.store.subscribe(browser.subscription(user_id, login.device_id, login.id, **more))
        self.noting.somebody()
        return browser

    async def device_of(self, user_id: str, browser: PretendedBrowser) -> str:
        found = await self.store.subscriptions(user_id)
        return next(one.device_id for one in found if one.endpoint == browser.endpoint)

    async def says(self, id_: str, who: str, text: str = "Soft!", **more: object) -> int:
        seq = await self.script.say(id_, who, text, **more)
        await self.tells(id_, seq)
        return seq

    async def tells(self, id_: str, head: int) -> None:
        self.noting.heard({id_: head})
        await self.noting.step()

    async def passes(self, seconds: float) -> None:
        """Let it be later, and the worker see to what is due by then."""
        self.script.clock.advance(seconds)
        await self.worker.step()

    async def reads(self, id_: str, who: str, seq: int) -> None:
        await self.script.store.set_marks([(id_, Mark(who, seq, seq))])


@pytest.fixture
async def verona(script: Script) -> Verona:
    made = Verona(script)
    await made.are_there(ANNA, BEN, CLEO)
    return made


async def test_who_is_away_is_called_once(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN, title="Balcony")
    browser = await verona.subscribes(BEN)
    seq = await verona.says(stage, ANNA, "**But** soft")
    await verona.passes(3)
    assert verona.service.got == []
    await verona.passes(2)
    call = {"conversation_id": stage, "seq": seq, "count": 1, "sender": "Anna", "title": "Balcony"}
    assert verona.service.told(browser) == [call | {"text": "But soft", "language": "en"}]
    headers = verona.service.got[0][2]
    assert headers["TTL"] == str(SETTINGS.keep_s)
    assert headers["Urgency"] == "normal"
    assert len(headers["Topic"]) == 32
    await verona.tells(stage, seq)
    await verona.passes(600)
    assert len(verona.service.got) == 1
    await verona.says(stage, ANNA, "again")
    await verona.passes(5)
    assert [call["count"] for call in verona.service.told(browser)] == [1, 2]
    assert verona.service.got[1][2]["Topic"] == headers["Topic"]


async def test_nobody_is_called_about_what_they_read_said_or_were_in_before_they_could_be_called(
    verona: Verona,
) -> None:
    stage = await verona.script.make(ANNA, BEN)
    await verona.says(stage, ANNA, "long ago")
    verona.script.clock.advance(1)
    browser = await verona.subscribes(BEN)
    await verona.script.react(stage, ANNA, 2, "👍")
    await verona.tells(stage, 3)
    await verona.says(stage, BEN, "my own")
    read = await verona.says(stage, ANNA, "read at once")
    await verona.reads(stage, BEN, read)
    await verona.passes(60)
    assert verona.service.told(browser) == []
    taken_back = await verona.says(stage, ANNA, "oh")
    await verona.script.recall(stage, ANNA, taken_back)
    await verona.passes(60)
    assert verona.service.told(browser) == []


async def test_what_somebody_muted_does_not_call_them(verona: Verona) -> None:
    group = await verona.script.make(ANNA, BEN)
    channel = await verona.script.make(ANNA, BEN, kind=ConversationKind.CHANNEL)
    browser = await verona.subscribes(BEN)
    own = verona.script.store.set_own
    await own(BEN, group, OwnChange(notify=Notify.NOTHING))
    await verona.says(group, ANNA, "nothing", mentions=(BEN,))
    await verona.says(channel, ANNA, "in a channel")
    await verona.passes(10)
    assert verona.service.told(browser) == []
    await verona.says(channel, ANNA, "for you", mentions=(BEN,))
    await own(BEN, group, OwnChange(notify=Notify.ALL, muted_until_ms=verona.script.clock.now_ms() + 60_000))
    await verona.says(group, ANNA, "muted for a minute")
    await verona.passes(10)
    assert [(call["text"], call["count"]) for call in verona.service.told(browser)] == [("for you", 1)]
    assert verona.service.got[0][2]["Urgency"] == "high"
    await verona.says(channel, ANNA, "and on")
    await verona.passes(60)
    await verona.says(group, ANNA, "the minute is over")
    await verona.passes(10)
    assert [call["text"] for call in verona.service.told(browser)][1:] == ["the minute is over"]


async def test_nobody_is_called_who_is_not_to_be_disturbed(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    browser = await verona.subscribes(BEN)
    quiet = Quiet(until_ms=verona.script.clock.now_ms() + 60_000)
    await verona.store.set_quiet(BEN, quiet)
    assert await verona.store.quiet(BEN) == quiet
    assert await verona.store.quiet(ANNA) == Quiet()
    await verona.says(stage, ANNA, "psst")
    await verona.passes(30)
    assert verona.service.told(browser) == []
    await verona.passes(40)
    await verona.says(stage, ANNA, "good morning")
    await verona.passes(10)
    assert [call["text"] for call in verona.service.told(browser)] == ["good morning"]


async def test_who_is_connected_elsewhere_has_more_time_and_that_device_is_not_called(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    phone, desk = await verona.subscribes(BEN), await verona.subscribes(BEN)
    verona.connected[BEN] = {await verona.device_of(BEN, desk)}
    await verona.says(stage, ANNA)
    await verona.passes(20)
    assert verona.service.got == []
    await verona.passes(15)
    assert (len(verona.service.told(phone)), verona.service.told(desk)) == (1, [])
    read = await verona.says(stage, ANNA)
    await verona.passes(20)
    await verona.reads(stage, BEN, read)
    await verona.passes(20)
    assert len(verona.service.got) == 1


async def test_two_workers_call_nobody_twice(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN, CLEO)
    browsers = [await verona.subscribes(who) for who in (BEN, CLEO)]
    workers = [verona.worker, *(verona.another_worker() for _ in range(3))]
    for number in range(5):
        await verona.says(stage, ANNA, f"{number}")
        verona.script.clock.advance(5)
        await asyncio.gather(*[worker.step() for worker in workers])
    for browser in browsers:
        assert [call["text"] for call in verona.service.told(browser)] == [f"{number}" for number in range(5)]
    assert verona.service.asked == 10


async def test_two_nodes_that_note_the_same_at_once_note_it_once(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    browser = await verona.subscribes(BEN)
    seq = await verona.script.say(stage, ANNA)
    now = verona.script.clock.now_ms()
    await asyncio.gather(*[verona.store.note({stage: seq}, now, now, 100) for _ in range(4)])
    await verona.passes(1)
    assert len(verona.service.told(browser)) == 1


async def test_what_a_worker_left_lying_is_taken_up_by_another(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    browser = await verona.subscribes(BEN)
    seq = await verona.says(stage, ANNA)
    verona.script.clock.advance(5)
    now = verona.script.clock.now_ms()
    [lost] = await verona.store.claim(now, 60_000, 10)
    assert (lost.head, lost.told) == (seq, 0)
    await verona.passes(30)
    assert verona.service.got == []
    await verona.passes(31)
    assert len(verona.service.told(browser)) == 1
    # Whoever comes back too late changes nothing.
    await verona.store.again(lost, now, tries=1, left=())
    await verona.store.settle(lost, 0, now, now)
    await verona.passes(31)
    assert len(verona.service.told(browser)) == 1


async def test_what_is_said_while_a_worker_is_at_it_is_called_about_as_well(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    browser = await verona.subscribes(BEN)
    first = await verona.says(stage, ANNA, "first")
    verona.script.clock.advance(5)
    now = verona.script.clock.now_ms()
    [mine] = await verona.store.claim(now, 60_000, 10)
    await verona.says(stage, ANNA, "second")
    await verona.store.settle(mine, first, now, now + 1_000)
    await verona.passes(0)
    assert verona.service.got == []
    await verona.passes(2)
    assert [call["text"] for call in verona.service.told(browser)] == ["second"]


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_browser_that_is_no_more_is_forgotten(verona: Verona, status: int) -> None:
    stage = await verona.script.make(ANNA, BEN)
    gone, there = await verona.subscribes(BEN), await verona.subscribes(BEN)
    verona.service.answers[gone.endpoint] = [Delivery(status)]
    await verona.says(stage, ANNA)
    await verona.passes(5)
    assert len(verona.service.told(there)) == 1
    assert [one.endpoint for one in await verona.store.subscriptions(BEN)] == [there.endpoint]


async def test_a_push_service_that_is_away_is_tried_again_for_its_browsers_alone(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    far, near = await verona.subscribes(BEN), await verona.subscribes(BEN)
    verona.service.answers[far.endpoint] = [Delivery(503, retry_after_s=90), Delivery(0)]
    await verona.says(stage, ANNA)
    await verona.passes(5)
    assert (len(verona.service.told(near)), verona.service.told(far)) == (1, [])
    await verona.passes(60)
    assert verona.service.asked == 2
    await verona.passes(31)
    assert verona.service.asked == 3
    await verona.passes(21)
    assert (len(verona.service.told(near)), len(verona.service.told(far))) == (1, 1)


async def test_it_is_given_up_after_some_tries_until_there_is_something_new(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    far = await verona.subscribes(BEN)
    verona.service.answers[far.endpoint] = [Delivery(500)] * SETTINGS.tries
    await verona.says(stage, ANNA, "lost")
    for _ in range(10):
        await verona.passes(400)
    assert verona.service.asked == SETTINGS.tries
    await verona.says(stage, ANNA, "new")
    await verona.passes(5)
    assert [call["text"] for call in verona.service.told(far)] == ["new"]


async def test_with_something_new_everybody_is_called_again_not_only_who_was_missed(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    far, near = await verona.subscribes(BEN), await verona.subscribes(BEN)
    verona.service.answers[far.endpoint] = [Delivery(503)]
    await verona.says(stage, ANNA, "one")
    await verona.passes(5)
    await verona.says(stage, ANNA, "two")
    await verona.passes(30)
    assert [call["text"] for call in verona.service.told(near)] == ["one", "two"]
    assert [call["text"] for call in verona.service.told(far)] == ["two"]


async def test_a_browser_is_called_for_as_long_as_its_login_lasts(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    login = await verona.logs_in(BEN)
    await verona.subscribes(BEN, login=login)
    assert await verona.store.anybody()
    await verona.accounts.end_login(login.id, verona.script.clock.now_ms())
    assert await verona.store.subscriptions(BEN) == []
    await verona.says(stage, ANNA)
    await verona.passes(5)
    assert verona.service.asked == 0
    await verona.store.forget(0)
    assert not await verona.store.anybody()


async def test_a_browser_is_one_persons_and_a_device_has_one(verona: Verona) -> None:
    shared = verona.service.browser()
    await verona.subscribes(BEN, browser=shared)
    login = await verona.logs_in(CLEO)
    await verona.subscribes(CLEO, browser=shared, login=login)
    assert await verona.store.subscriptions(BEN) == []
    newer = await verona.subscribes(CLEO, login=login)
    assert [one.endpoint for one in await verona.store.subscriptions(CLEO)] == [newer.endpoint]
    device = await verona.device_of(CLEO, newer)
    await verona.store.unsubscribe(CLEO, device, shared.endpoint)
    assert await verona.store.subscriptions(CLEO) != []
    await verona.store.unsubscribe(CLEO, device)
    await verona.store.unsubscribe(CLEO, device)
    assert await verona.store.subscriptions(CLEO) == []


async def test_a_subscription_comes_back_as_it_was(verona: Verona) -> None:
    login = await verona.logs_in(BEN)
    wanted = verona.service.browser("https://push.example/长/" + "x" * 500).subscription(
        BEN, login.device_id, login.id, content=True, language="zh", created_ms=7
    )
    await verona.store.subscribe(wanted)
    assert await verona.store.subscriptions(BEN) == [wanted]
    await verona.store.subscribe(replace(wanted, content=False))
    assert await verona.store.subscriptions(BEN) == [replace(wanted, content=False)]


async def test_words_go_along_only_if_somebody_wants_them(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN, kind=ConversationKind.DIRECT)
    browser = await verona.subscribes(BEN, content=False)
    await verona.says(stage, ANNA, "a secret")
    await verona.passes(5)
    [call] = verona.service.told(browser)
    assert "text" not in call
    assert (call["sender"], "title" in call) == ("Anna", False)
    assert verona.service.got[0][2]["Urgency"] == "high"


async def test_of_a_large_conversation_only_mentions_call(verona: Verona) -> None:
    others = [an_id(), an_id()]
    stage = await verona.script.make(ANNA, BEN, CLEO, *others)
    browsers = [await verona.subscribes(who) for who in (BEN, CLEO)]
    await verona.says(stage, ANNA, "to all and none")
    await verona.says(stage, ANNA, "to you", mentions=(CLEO,))
    await verona.passes(5)
    assert [[call["text"] for call in verona.service.told(one)] for one in browsers] == [[], ["to you"]]
    await verona.says(stage, ANNA, "to everybody", mention_all=True)
    await verona.passes(5)
    assert [[call["text"] for call in verona.service.told(one)][-1:] for one in browsers] == [["to everybody"]] * 2


async def test_announcements_call_everybody_who_can_be_called(verona: Verona) -> None:
    await verona.script.make_system()
    browsers = [await verona.subscribes(who) for who in (BEN, CLEO)]
    await verona.says(SYSTEM_CONVERSATION, ANNA, "The prince is here")
    await verona.passes(5)
    assert [[call["text"] for call in verona.service.told(one)] for one in browsers] == [["The prince is here"]] * 2


async def test_who_was_removed_is_not_called_about_anything_there(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    browser = await verona.subscribes(BEN)
    await verona.says(stage, ANNA, "before")
    await verona.script.remove(stage, ANNA, BEN)
    await verona.says(stage, ANNA, "after")
    await verona.passes(5)
    assert verona.service.told(browser) == []


async def test_notes_that_are_settled_are_forgotten_some_day(verona: Verona) -> None:
    stage = await verona.script.make(ANNA, BEN)
    browser = await verona.subscribes(BEN)
    seq = await verona.says(stage, ANNA)
    await verona.passes(5)
    await verona.store.forget(verona.script.clock.now_ms() - 1)
    await verona.tells(stage, seq)
    await verona.passes(60)
    assert len(verona.service.told(browser)) == 1
    await verona.store.forget(verona.script.clock.now_ms() + 1)
    now = verona.script.clock.now_ms()
    assert await verona.store.note({stage: seq}, now, now, 100) == 1
