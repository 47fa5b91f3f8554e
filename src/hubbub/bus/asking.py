"""Ask one of several chat nodes, and another one when it does not answer.

Every question has a deadline and everything but hints may be asked twice, so a node that died, drains or went silent
costs its questions a second and no error: they are asked again elsewhere.  What needs care is order.  The commands of
one caller form a lane; all that are open in a lane are at one node, and nothing newer is sent anywhere else until those
are answered or given up, in which case they go first, in their old order.

A node is given up when the bus says that nobody is there, when `node_lost` says so, and when it is silent: nothing is
open at a node for long without a ping, so one that waits for its database is not mistaken for one that is dead.  Late
answers are ignored.  A node that was given up is asked again once it answers a ping.  What was sent to it may still lie
on the way, so a command that a later one may undo says until when it may be begun, and is sent elsewhere only then.

A bus may lose a question and deliver the next one of the same lane.  The node then says `missed` and looks at nothing
more from here; what is open there is put to it once more, from the first on.  An answer may be lost as well, and all
that is known then is that none came: what is put to a node again is followed by what came after it in its lane, and
what a later answer overtook is not done again but fails as unknown, if the later could have undone it.

When nobody is left, a question waits a little (rolling restarts must be invisible), then it fails so that whoever asked
tries again: a submit as UNKNOWN_OUTCOME, because nobody looked its client_id up and an earlier try of the same client
may be stored (protocol.md 6.2, 6.5); another command the same way if it may have been carried out; anything else as
UNAVAILABLE.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.loops import Loop
from hubbub.bus import chat_codec
from hubbub.bus.calls import CallFailed, Calls
from hubbub.bus.chat_codec import Method, Sort
from hubbub.bus.choosing import Choosing
from hubbub.bus.questions import Lane, Node, Question, RemoteChatSettings, UnknownMethod, number_of

_OF_THE_MOMENT = frozenset(
    {
        Code.INTERNAL_ERROR,
        Code.OVERLOADED,
        Code.RATE_LIMITED,
        Code.STORAGE_FULL,
        Code.TIMEOUT,
        Code.UNAVAILABLE,
    }
)
"""Refusals that come before the look-up of the key, or instead of it, and so say nothing of an earlier try."""

_log = logging.getLogger(__name__)


class Asking:
    """All open questions of this process."""

    def __init__(
        self, calls: Calls, nodes: Callable[[], Sequence[str]], clock: Clock, settings: RemoteChatSettings
    ) -> None:
        """`nodes` returns the chat nodes that take new questions, as this process sees them; it is called often."""
        self._calls = calls
        self._live = nodes
        self._clock = clock
        self._now = clock.monotonic
        self._settings = settings
        self._choosing = Choosing()
        self._lanes: dict[str, Lane] = {}
        self._stuck: dict[Lane, None] = {}
        self._nodes: dict[str, Node] = {}
        self._count = 0
        self._held = 0
        self._number = 0
        self._stopped = False
        self._ticked = clock.monotonic()
        self._loop = Loop("remote chat", self._step, every_s=settings.tick_s)
        self.asked_again = 0
        """How many questions were sent a second time, for whatever reason."""

    def __len__(self) -> int:
        return self._count

    def start(self) -> None:
        """Begin to keep deadlines; must be called in the event loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Fail what is open and whatever is asked from now on."""
        self._stopped = True
        await self._loop.stop()
        for node in list(self._nodes.values()):
            for question in list(node.open):
                question.maybe_done = True
                self._fail(question)
        for lane in list(self._stuck):
            for question in list(lane.held):
                self._fail(question)

    # ------------------------------------------------------------ asking

    def ask(self, method: Method, key: str, request: bytes) -> asyncio.Future[Any]:
        """Send a question to the node of this key; the future ends with its value or with ChatError.

        Cancelling the future does not take the question back.
        """
        settings = self._settings
        sort = method.sort
        timeout_s = settings.hint_timeout_s if sort is Sort.HINT else settings.call_timeout_s
        lane = self._lanes.get(key) if sort in _ORDERED else None
        if lane is None:
            lane = Lane(key)
        self._number += 1
        question = Question(self._number, method, request, lane, self._now() + timeout_s)
        if self._count >= settings.open_limit:
            question.future.set_exception(ChatError(Code.OVERLOADED, retry_after_s=1.0))
            return question.future
        if sort in _ORDERED:
            self._lanes[key] = lane
        self._count += 1
        self._hold(question)
        self._flow(lane)
        is_held = question.attempt is None and not question.future.done()
        if is_held and (self._stopped or self._held > settings.waiting_limit):
            self._fail(question)
        return question.future

    def node_lost(self, incarnation: str) -> None:
        """Ask elsewhere what this node has not answered, and nothing more of it until it answers a ping."""
        node = self._node(incarnation)
        self._avoid(node)
        moved = list(node.open)
        node.open.clear()
        # All of them are put back before the first is sent again, so that nothing of a lane overtakes.
        for question in moved:
            self._in_doubt(question)
            if question.method.sort is Sort.HINT or question.lane.is_overtaken(question):
                self._fail(question)
                continue
            question.attempt = None
            question.stuck_since = None
            self._hold(question)
        if moved:
            _log.warning("chat node %s is gone; %d requests are sent elsewhere", incarnation, len(moved))
        for lane in dict.fromkeys(question.lane for question in moved):
            self._flow(lane)

    def _flow(self, lane: Lane) -> None:
        """Send what a lane holds, if there is a node for it."""
        if not lane.held:
            return
        now = self._now()
        going = lane.ready(now)
        if not going:
            self._stuck[lane] = None
            return
        among = self._among()
        node = lane.node if lane.open else self._choosing.choose(lane.key, among)
        if node not in among:
            self._wait(lane)
            return
        lane.node = node
        del lane.held[: len(going)]
        self._held -= len(going)
        if lane.held:
            self._stuck[lane] = None
        else:
            self._stuck.pop(lane, None)
        there = self._node(node)
        if not there.open:
            there.heard = now
        for question in going:
            self._send(question, there, now)

    def _send(self, question: Question, node: Node, now: float) -> None:
        left_s = max(question.until - now, 0.0)
        if question.turns or question.maybe_done:
            self.asked_again += 1
        node.open[question] = None
        question.sent = now
        question.lane.open.add(question)
        request = question.request
        if question.method.sort in chat_codec.STAMPED:
            begin_s = min(left_s, self._settings.begin_s) if question.method.sort is Sort.SWITCH else left_s
            request = chat_codec.begun_by(request, self._clock.now_ms() + int(begin_s * 1000))
        request = chat_codec.with_patience(request, left_s)
        attempt = question.attempt = self._calls.request(node.incarnation, request, timeout_s=left_s)
        attempt.add_done_callback(partial(self._answered, question, node))

    def _hold(self, question: Question) -> None:
        question.lane.hold(question)
        self._held += 1

    def _in_doubt(self, question: Question) -> None:
        """Note that what was sent may have been carried out, or may yet be."""
        question.maybe_done = question.moved = True
        if question.method.sort is Sort.SWITCH:
            question.not_before = question.sent + self._settings.begin_s + self._settings.apart_s

    def _wait(self, lane: Lane) -> None:
        now = self._now()
        for question in list(lane.held):
            if question.method.sort is Sort.HINT:
                self._fail(question)
            elif question.stuck_since is None:
                question.stuck_since = now
        if lane.held:
            self._stuck[lane] = None

    def _among(self) -> tuple[str, ...]:
        if self._stopped:
            return ()
        return tuple([name for name in self._live() if (node := self._nodes.get(name)) is None or not node.avoided])

    def _node(self, incarnation: str) -> Node:
        node = self._nodes.get(incarnation)
        if node is None:
            node = self._nodes[incarnation] = Node(incarnation)
        return node

    def _avoid(self, node: Node) -> None:
        if not node.avoided:
            node.avoided = True
            node.pinged = self._now()

    # ------------------------------------------------------------ answers

    def _answered(self, question: Question, node: Node, attempt: asyncio.Future[bytes]) -> None:
        failure = None if attempt.cancelled() else attempt.exception()
        if question.attempt is not attempt:
            return
        question.attempt = None
        if attempt.cancelled() or failure is not None:
            self._unanswered(question, node, failure)
            return
        node.heard = self._now()
        answer = attempt.result()
        if reason := chat_codec.turned(answer):
            self._turned(question, node, reason)
            return
        question.lane.answered = max(question.lane.answered, question.number)
        try:
            value = question.method.read_answer(answer)
        except ChatError as problem:
            self._refused(question, problem)
        else:
            self._settle(question, None, value)

    def _refused(self, question: Question, problem: ChatError) -> None:
        """Pass a refusal on, unless an earlier try may be stored: then only a rule's word is an answer.

        And not even that where another node may yet decide otherwise: members come back, mutes end.
        """
        open_yet = question.moved or (question.maybe_done and problem.code in _OF_THE_MOMENT)
        if open_yet and question.method.sort is not Sort.READ:
            problem = ChatError(Code.UNKNOWN_OUTCOME, retry_after_s=problem.retry_after_s)
        self._settle(question, problem)

    def _unanswered(self, question: Question, node: Node, failure: BaseException | None) -> None:
        if not isinstance(failure, CallFailed):
            failure = CallFailed("disconnected", maybe_done=True)
        if failure.maybe_done:
            self._in_doubt(question)
        if question.method.sort is Sort.HINT:
            self._fail(question)
            return
        if (
            failure.reason in ("nobody", "disconnected")
            and question.maybe_done
            and question.lane.is_overtaken(question)
        ):
            self._fail(question)
            if failure.reason == "nobody":
                self.node_lost(node.incarnation)
            return
        match failure.reason:
            case "nobody":
                # This one the bus knows of; whether the others were carried out, nobody can know.
                node.open.pop(question, None)
                question.stuck_since = None
                self._hold(question)
                self.node_lost(node.incarnation)
                self._flow(question.lane)
            case "missed":
                node.heard = self._now()
                self._begin_anew(node)
            case "disconnected":
                # The bus is away and no node is better than another: it waits for the next tick.
                node.open.pop(question, None)
                self._hold(question)
                self._wait(question.lane)
            case "overloaded":
                self._refused(question, ChatError(Code.OVERLOADED, retry_after_s=1.0))
            case _:
                self._fail(question)

    def _begin_anew(self, node: Node) -> None:
        """Put all that is open at a node to it once more, in order: it missed some of it, and looked at nothing since.

        What a later answer overtook had arrived before, so its answer is waited for.
        """
        self._calls.anew(node.incarnation)
        moved = [question for question in node.open if not question.lane.is_overtaken(question)]
        for question in moved:
            if question.attempt is not None:
                question.attempt.cancel()
                question.attempt = None
                question.maybe_done = True
            if question.method.sort is Sort.HINT:
                self._fail(question)
                continue
            del node.open[question]
            self._hold(question)
        for lane in dict.fromkeys(question.lane for question in moved):
            self._flow(lane)

    def _turned(self, question: Question, node: Node, reason: str) -> None:
        """Ask elsewhere what a node would not look at; what else is open there it will answer."""
        if reason == "unknown_method":
            retry_after_s = self._settings.retry_after_s
            self._settle(question, UnknownMethod(question.method.name, retry_after_s=retry_after_s))
            return
        self._avoid(node)
        question.turns += 1
        if question.method.sort is Sort.HINT or question.turns > self._settings.turns_limit:
            self._fail(question)
            return
        _log.debug("chat node %s turned %s away: %s", node.incarnation, question.method.name, reason)
        node.open.pop(question, None)
        question.stuck_since = None
        self._hold(question)
        self._flow(question.lane)

    def _fail(self, question: Question) -> None:
        sort = question.method.sort
        retry_after_s = self._settings.retry_after_s
        if sort is Sort.HINT:
            self._settle(question, None)
        elif sort is Sort.SUBMIT or (sort in _ORDERED and question.maybe_done):
            self._settle(question, ChatError(Code.UNKNOWN_OUTCOME, retry_after_s=retry_after_s))
        else:
            self._settle(question, ChatError(Code.UNAVAILABLE, retry_after_s=retry_after_s))

    def _settle(self, question: Question, problem: ChatError | None, value: object = None) -> None:
        lane = question.lane
        question.attempt = None
        self._count -= 1
        was_open = question in lane.open
        if was_open:
            lane.open.discard(question)
            self._nodes[lane.node].open.pop(question, None)
        else:
            lane.held.remove(question)
            self._held -= 1
        if not question.future.done():
            if problem is None:
                question.future.set_result(value)
            else:
                question.future.set_exception(problem)
        if lane.open:
            return
        if lane.held:
            if was_open:
                self._flow(lane)
            return
        self._stuck.pop(lane, None)
        if self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]

    # ------------------------------------------------------------ time

    def tick(self) -> None:
        """Give up the silent, look after the avoided, and send or fail what waits; to be called every `tick_s`."""
        now = self._now()
        stood_still = now - self._ticked >= self._settings.silent_s / 2
        self._ticked = now
        live = self._live()
        for node in list(self._nodes.values()):
            if stood_still:
                # The answers may lie in this process's socket.
                node.heard = now
            elif node.open and now - node.heard >= self._settings.silent_s:
                self.node_lost(node.incarnation)
                continue
            else:
                self._ask_again(node, now)
            if node.ping is None:
                self._look_after(node, now, node.incarnation in live)
        for lane in list(self._stuck):
            for question in list(lane.held):
                if question.until <= now or (not lane.open and self._is_stuck(question, now)):
                    self._fail(question)
            self._flow(lane)

    def _ask_again(self, node: Node, now: float) -> None:
        """Repeat what is open for long at a node that is there: a bus may drop a message and say nothing."""
        while node.open:
            oldest = next(iter(node.open))
            if now - oldest.sent < self._settings.again_s:
                return
            oldest.maybe_done = True
            lane = oldest.lane
            if lane.is_overtaken(oldest):
                self._fail(oldest)
                continue
            again = [oldest]
            if oldest.method.sort is Sort.SWITCH:
                again = sorted((each for each in lane.open if each.number >= oldest.number), key=number_of)
            for question in again:
                del node.open[question]
                question.maybe_done = True
                self._send(question, node, now)

    def _look_after(self, node: Node, now: float, is_live: bool) -> None:
        probe_s = self._settings.probe_s
        if node.avoided and is_live:
            due = now - node.pinged >= probe_s
        elif node.open:
            due = now - node.heard >= probe_s
        else:
            if not is_live:
                del self._nodes[node.incarnation]
            return
        if due:
            node.pinged = now
            timeout_s = self._settings.silent_s
            request = chat_codec.with_patience(chat_codec.ping(heard=node.avoided), timeout_s)
            node.ping = self._calls.request(node.incarnation, request, timeout_s=timeout_s)
            node.ping.add_done_callback(partial(self._pinged, node))

    def _pinged(self, node: Node, ping: asyncio.Future[bytes]) -> None:
        node.ping = None
        failure = CallFailed("disconnected", maybe_done=False) if ping.cancelled() else ping.exception()
        if failure is None:
            node.heard = self._now()
            if not chat_codec.turned(ping.result()):
                node.avoided = False
            else:
                self._avoid(node)
        elif isinstance(failure, CallFailed):
            if failure.reason == "nobody" and node.open:
                self.node_lost(node.incarnation)
            elif failure.reason == "missed":
                node.heard = self._now()
                self._begin_anew(node)

    def _is_stuck(self, question: Question, now: float) -> bool:
        since = question.stuck_since
        return since is not None and now - max(since, question.not_before) >= self._settings.patience_s

    async def _step(self) -> None:
        self.tick()


_ORDERED = frozenset({Sort.SUBMIT, Sort.COMMAND, Sort.SWITCH})
