"""`fanout`: one group with a thousand members online, one message in flight, or many people sending at once.

The figure to compare with comes from `bench/fanout_baseline.c`: a process that does nothing but one send() per member.
It is driven by the same receiver on the same core, in turns with the server, and under the same rule: message i+1
starts when everybody has message i.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

from hubbub.lab.checker import check, owed
from hubbub.lab.frames import text_digest
from hubbub.lab.history import History
from hubbub.lab.load.baseline import baseline_program
from hubbub.lab.load.client import enter, parse
from hubbub.lab.load.direct import Talker, Tally
from hubbub.lab.load.messages import Sender, stamp_of
from hubbub.lab.load.processes import Usage, memory_kib
from hubbub.lab.load.shared import SharedReader, SharedStream
from hubbub.lab.load.sockets import Loop, length_frame, message_frame
from hubbub.lab.load.task import Figures, Progress, Task
from hubbub.wire import hubbub_pb2 as pb

ROUNDS = 3
DRAIN_S = 15.0
ADDED_AT_ONCE = 100


class Listener(Talker):
    """A member of the group, reading the shared stream once the load begins."""

    reader: SharedReader

    def join_stream(self, stream: SharedStream) -> None:
        self.reader = SharedReader(stream, self._foreign)
        self.link.receive = self._receive  # type: ignore[method-assign]

    def _receive(self, data: bytes) -> None:
        self.reader.receive(data)

    def _foreign(self, payload: bytes) -> tuple[int, int, int] | None:
        frame = parse(payload, self.link.transport)
        if not frame.HasField("entries"):
            self.payload(payload)
            return None
        self.recorder.received(frame)
        entries = frame.entries.entries
        return (entries[0].seq, entries[-1].seq, 0) if entries else None

    def has(self, conversation_id: str) -> int:
        """Return the number up to which nothing is missing here, the shared stream included."""
        if hasattr(self, "reader"):
            self.reader.settle()
            while self.reader.runs:
                self.recorder.observer.saw_run(conversation_id, *self.reader.runs.pop())
        return super().has(conversation_id)

    def finish(self, conversation: str) -> None:
        """Enter what was received as part of the stream."""
        self.reader.settle()
        for low, high in self.reader.runs:
            self.recorder.observer.saw_run(conversation, low, high)


def run(task: Task, progress: Progress) -> Figures:
    """Run `fanout`: `task.senders` 1 keeps one message in flight, more of them flood."""
    loop, history, tally = Loop(), History(), Tally()
    listeners: list[Listener] = []

    def make(*args: object) -> Listener:
        listener = Listener(*args)  # type: ignore[arg-type]
        listener.tally = tally
        listeners.append(listener)
        return listener

    seats = task.seats
    enter(
        loop,
        history,
        seats,
        task.address,
        task.transport,
        kind=make,
        progress=lambda done: progress(0.2 * done / len(seats), "connecting"),
    )
    progress(0.2, "making the group")
    group = _make_group(listeners)
    history.watch([group])
    loop.run_for(2.5)  # what joining sends, and the heads that are announced again a second later
    stream = SharedStream(length_frame if task.transport == "tcp" else message_frame, lambda payload: None)
    stream.clock = time.monotonic_ns
    stream.read = _group_reader(stream, history, group, task.transport)
    stream.seqs[0] = max(history.log(group).slot_of, default=1)
    for listener in listeners:
        listener.join_stream(stream)
    for talker in listeners[: max(1, task.senders)]:
        talker.sender = Sender(talker.recorder.observer, group, task.size)
    if task.senders > 1:
        figures = _flood(loop, tally, stream, listeners, task, progress)
    else:
        figures = _one_in_flight(loop, tally, stream, listeners, task, progress)
    progress(0.93, "checking")
    for listener in listeners:
        listener.finish(group)
    if missing := owed(history):
        loop.run_for(5)
        figures.note += f" {len(missing)} members were behind when the load ended."
    figures.frame_bytes = stream.ends[1] if len(stream.ends) > 1 else None
    figures.judged(check(history))
    loop.close()
    return figures


def _make_group(listeners: list[Listener]) -> str:
    owner = listeners[0]
    ids = [listener.seat.user_id for listener in listeners[1:]]
    asked = pb.CreateConversation(
        client_id=os.urandom(16).hex(),
        kind=pb.CONVERSATION_KIND_GROUP,
        title="everybody",
        user_ids=ids[:ADDED_AT_ONCE],
        history_for_newcomers=True,
    )
    group = owner.call(pb.ClientFrame(create_conversation=asked)).conversation.conversation_id
    for at in range(ADDED_AT_ONCE, len(ids), ADDED_AT_ONCE):
        change = pb.MemberChange(
            action=pb.MEMBER_ACTION_ADD, user_ids=ids[at : at + ADDED_AT_ONCE], role=pb.ROLE_MEMBER
        )
        submit = pb.Submit(conversation_id=group, client_id=os.urandom(16).hex(), member_change=change)
        owner.call(pb.ClientFrame(submit=submit))
    return group


def _group_reader(
    stream: SharedStream, history: History, group: str, transport: str
) -> Callable[[bytes], tuple[int, int, int] | None]:
    def read(payload: bytes) -> tuple[int, int, int] | None:
        frame = parse(payload, transport)
        if not frame.HasField("entries") or frame.entries.conversation_id not in ("", group):
            return None
        entries = frame.entries.entries
        if not entries or entries[0].conversation_id != group or entries[0].seq != stream.seqs[-1] + 1:
            return None
        text = ""
        for entry in entries:
            text = entry.message.body.text.text
            if not text:
                return None
            history.sight(group, entry.seq, entry.sender_id, entry.client_id, text_digest(text), entry.time_ms)
        return entries[0].seq, entries[-1].seq, stamp_of(text)

    return read


# ---------------------------------------------------------------- one message in flight


def _one_in_flight(
    loop: Loop, tally: Tally, stream: SharedStream, listeners: list[Listener], task: Task, progress: Progress
) -> Figures:
    owner = listeners[0]
    owner.say(time.monotonic_ns())
    loop.until(lambda: tally.answered == 1, DRAIN_S, "the first answer")
    loop.run_for(1.0)
    each = stream.deliveries
    """Whether a sender's own connection is told as well is the server's choice; the C program then does the same."""

    spread_ns = 0
    """Between the first and the last delivery of a message, all messages together."""

    def round_of(seconds: float, begin: Callable[[], None]) -> tuple[float, int]:
        nonlocal spread_ns
        before, sent = stream.deliveries, 0
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            begin()
            sent += 1
            wanted = before + each * sent
            deadline = time.monotonic() + DRAIN_S
            while stream.deliveries < wanted or tally.answered < tally.sent:
                loop.turn(0.5)
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{wanted - stream.deliveries} of {each} members did not get a message")
            spread_ns += time.monotonic_ns() - stream.extended_ns
        return (stream.deliveries - before) / (time.monotonic() - start), sent

    round_of(min(1.0, task.warm_up_s), lambda: owner.say(time.monotonic_ns()))
    stream.begins_ns = tally.begins_ns = time.monotonic_ns()
    tally.ends_ns = 2**63
    spread_ns = 0
    rates: list[float] = []
    floors: list[float] = []
    messages = 0
    seconds = task.duration_s / ROUNDS
    with baseline_program(each, stream.ends[1], cpu=task.server_cpu) as baseline:
        for number in range(ROUNDS):
            progress(0.3 + 0.2 * number, "one message at a time")
            rate, sent = round_of(seconds, lambda: owner.say(time.monotonic_ns()))
            rates.append(rate)
            messages += sent
            if baseline is not None:
                progress(0.4 + 0.2 * number, "the C program")
                floors.append(baseline(seconds))
    delivered = statistics.median(rates)
    spreading = each * messages / (spread_ns / 1e9)
    floor = statistics.median(floors) if floors else None
    return Figures(
        bench="fanout",
        transport=task.transport,
        users=len(listeners),
        in_flight=1,
        senders=1,
        payload_bytes=task.size,
        duration_s=round(task.duration_s, 2),
        messages=messages,
        acked_per_s=round(delivered / each, 1),
        delivered_per_s=round(delivered, 1),
        ack_ms=tally.ack.summary(),
        delivery_ms=stream.latency.summary(),
        baseline_delivered_per_s=round(floor, 1) if floor else None,
        ratio_to_baseline=round(delivered / floor, 3) if floor else None,
        spread_per_s=round(spreading, 1),
        spread_ratio_to_baseline=round(spreading / floor, 3) if floor else None,
        note=""
        if floor
        else "The C program was not measured: there is no C compiler, or no source beside this package.",
    )


# ---------------------------------------------------------------- everybody at once


def _flood(
    loop: Loop, tally: Tally, stream: SharedStream, listeners: list[Listener], task: Task, progress: Progress
) -> Figures:
    senders = listeners[: task.senders]
    before_kib, usage = memory_kib(task.server_pid), Usage(task.server_pid)
    start_ns = time.monotonic_ns()
    tally.begins_ns = stream.begins_ns = start_ns + int(task.warm_up_s * 1e9)
    tally.ends_ns = tally.begins_ns + int(task.duration_s * 1e9)
    for talker in senders:
        talker.talking, talker.window = True, task.in_flight
        for _ in range(task.in_flight):
            talker.say(time.monotonic_ns())
    highest_kib, shown_ns, counted_from = before_kib, 0, -1
    while (now_ns := time.monotonic_ns()) < tally.ends_ns:
        loop.turn(0.05)
        if counted_from < 0 and now_ns >= tally.begins_ns:
            counted_from, begins_ns = stream.deliveries, now_ns
        if now_ns - shown_ns > 200_000_000:
            shown_ns = now_ns
            highest_kib = max(highest_kib, memory_kib(task.server_pid))
            progress(0.3 + 0.5 * (now_ns - start_ns) / (tally.ends_ns - start_ns), "flooding")
    inside, seconds = stream.deliveries - counted_from, (time.monotonic_ns() - begins_ns) / 1e9
    busy = usage.percent()
    for talker in senders:
        talker.talking = False
    progress(0.85, "draining")
    loop.until(lambda: tally.answered == tally.sent, DRAIN_S, "the last answers")
    conversation = senders[0].sender.conversation

    def behind() -> list[Listener]:
        # The last answers may be here before the last entries are.
        at = len(stream.ends) - 1 if stream.seqs[-1] >= tally.highest else -1
        return [one for one in listeners if one.reader.at != at and one.has(conversation) < tally.highest]

    try:
        loop.until(lambda: not behind(), DRAIN_S, "the last deliveries")
    except TimeoutError:
        late = behind()
        note = f" {len(late)} members had not everything {DRAIN_S:g} s after the end."
    else:
        note = ""
    asked = sum(listener.caught_up for listener in listeners)
    return Figures(
        bench="fanout",
        transport=task.transport,
        users=len(listeners),
        in_flight=task.in_flight,
        senders=len(senders),
        payload_bytes=task.size,
        duration_s=round(seconds, 2),
        messages=tally.accepted,
        acked_per_s=round(tally.acked_inside / task.duration_s, 1),
        delivered_per_s=round(inside / seconds, 1),
        ack_ms=tally.ack.summary(),
        delivery_ms=stream.latency.summary(),
        load_cpu_percent=busy.load,
        server_cpu_percent=busy.server,
        other_cpu_percent=busy.others,
        server_rss_mib_before=round(before_kib / 1024, 1),
        server_rss_mib_after=round(highest_kib / 1024, 1),
        note=f"Memory after is the highest seen; pages fetched because pushes were withheld: {asked}.{note}",
    )
