"""`sync`: what it takes to come back with 500 conversations of which 5 have something new."""

from __future__ import annotations

import os

from hubbub.lab.checker import check, owed
from hubbub.lab.histogram import Histogram
from hubbub.lab.history import History
from hubbub.lab.load.client import Client
from hubbub.lab.load.messages import now_ns
from hubbub.lab.load.processes import cpu_seconds
from hubbub.lab.load.sockets import Loop
from hubbub.lab.load.task import Figures, Progress, Task
from hubbub.wire import hubbub_pb2 as pb

CONVERSATIONS = 500
CHANGED = 5


def run(task: Task, progress: Progress) -> Figures:
    """Let one person come back again and again, with something new and with nothing new."""
    loop, history = Loop(), History()
    other, traveller = task.seats[0], task.seats[1]
    writer = Client(loop, history, other, task.address, task.transport)
    writer.hello()
    loop.until(lambda: writer.ready, 30, "connecting")
    groups = _make_groups(writer, traveller.user_id, progress)
    history.watch(groups)
    reader = Client(loop, history, traveller, task.address, task.transport)
    reader.hello()
    loop.until(lambda: reader.ready, 30, "connecting")
    heads = {name: state.as_of for name, state in reader.list_conversations().items()}
    pings = _pings(loop, reader)
    epoch, version = reader.epoch, reader.user_version
    reader.link.close()

    def come_back() -> tuple[Client, int]:
        back = Client(loop, history, traveller, task.address, task.transport)
        loop.turn(0)
        have = [pb.Head(conversation_id=name, seq=seq) for name, seq in heads.items()]
        back.hello(pb.Resume(epoch=epoch, user_version=version, have=have))
        loop.until(lambda: back.ready, 30, "resuming")
        return back, back.link.received_bytes

    changed, unchanged = Histogram(), Histogram()
    bytes_changed: list[int] = []
    bytes_unchanged: list[int] = []
    cpu = 0.0
    for number in range(task.repeats + 1):
        progress(0.4 + 0.5 * number / (task.repeats + 1), "coming back")
        loop.run_for(0.05)
        back, received = come_back()
        if number:
            unchanged.add(back.ready_ns - back.hello_ns)
            bytes_unchanged.append(received)
        back.link.close()
        news = {
            group: _write(writer, group, task.size) for group in groups[number * CHANGED % CONVERSATIONS :][:CHANGED]
        }
        loop.run_for(0.02)
        before = cpu_seconds(task.server_pid)
        back, received = come_back()
        if number:
            cpu += cpu_seconds(task.server_pid) - before
            changed.add(back.ready_ns - back.hello_ns)
            bytes_changed.append(received)
        heads |= news
        version = max(version, back.user_version)
        back.link.close()
    come_back()
    loop.run_for(0.2)
    quiet_ms = unchanged.percentile_ms(50) or 0.0
    missing = owed(history)
    report = check(history)
    loop.close()
    return Figures(
        bench="sync",
        transport=task.transport,
        users=2,
        conversations_each=len(heads),
        messages=CHANGED * (task.repeats + 1),
        resume_ms=changed.summary(),
        ping_ms=pings.summary(),
        server_cpu_ms=round(1000 * cpu / task.repeats, 2) if task.server_pid else None,
        resume_bytes=sorted(bytes_changed)[len(bytes_changed) // 2],
        resume_bytes_unchanged=sorted(bytes_unchanged)[len(bytes_unchanged) // 2],
        note=f"With nothing new the median is {quiet_ms:.2f} ms. {' '.join(missing[:1])}".strip(),
    ).judged(report)


def _make_groups(writer: Client, member: str, progress: Progress) -> list[str]:
    groups: list[str] = []
    asked = 0

    def made(answer: pb.ServerFrame) -> None:
        groups.append(answer.conversation.conversation_id)

    while len(groups) < CONVERSATIONS:
        while asked < CONVERSATIONS and asked - len(groups) < 32:
            create = pb.CreateConversation(
                client_id=os.urandom(16).hex(),
                kind=pb.CONVERSATION_KIND_GROUP,
                title=f"group {asked}",
                user_ids=[member],
            )
            writer.ask(pb.ClientFrame(create_conversation=create), made)
            asked += 1
        writer.link.loop.turn(0.05)
        progress(0.4 * len(groups) / CONVERSATIONS, "making the conversations")
    return groups


def _write(writer: Client, group: str, size: int) -> int:
    """Send one message and wait until it is stored; return its number."""
    message = pb.Message(body=pb.Body(text=pb.Text(text="news " * (size // 5))))
    submit = pb.Submit(conversation_id=group, client_id=os.urandom(16).hex(), message=message)
    return int(writer.call(pb.ClientFrame(submit=submit)).submitted.seq)


def _pings(loop: Loop, client: Client) -> Histogram:
    """Return round trips that ask for nothing: what of a resume is the way there and back."""
    pings = Histogram()
    for _ in range(50):
        start = now_ns()
        client.call(pb.ClientFrame(ping=pb.Ping(data=b"x")))
        pings.add(now_ns() - start)
    return pings
