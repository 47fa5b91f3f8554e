"""`connect`: what an idle authenticated connection costs, and how fast they come."""

from __future__ import annotations

import os
import time

from hubbub.lab.history import History
from hubbub.lab.load.client import Client, enter
from hubbub.lab.load.processes import cpu_seconds, memory_kib
from hubbub.lab.load.sockets import Loop
from hubbub.lab.load.task import Figures, Progress, Task
from hubbub.wire import hubbub_pb2 as pb

GROUP_MEMBERS = 50
CONVERSATIONS_EACH = 20
SETTLE_S = 3.0


def prepare(task: Task, progress: Progress) -> Figures:
    """Put everybody into 20 groups; what that costs the server is not what is measured, so it is restarted after."""
    loop, history = Loop(), History()
    _make_groups(loop, history, task, progress)
    loop.close()
    return Figures(bench="connect")


def run(task: Task, progress: Progress) -> Figures:
    """Connect everybody, wait, and look at the server's memory."""
    loop, history = Loop(), History()
    seats = task.seats
    if not task.server_pid:
        _make_groups(loop, history, task, progress)  # a server of somebody else's, which nobody prepared
    # What the server loads with its first connection is no connection's cost.
    first = enter(loop, history, seats[:1], task.address, task.transport)[0]
    first.list_conversations()
    first.link.close()
    loop.run_for(SETTLE_S)
    before_kib = memory_kib(task.server_pid)
    cpu = cpu_seconds(task.server_pid)
    start = time.monotonic()
    clients = enter(
        loop,
        history,
        seats,
        task.address,
        task.transport,
        progress=lambda done: progress(0.4 + 0.4 * done / len(seats), "connecting"),
    )
    seconds = time.monotonic() - start
    cpu = cpu_seconds(task.server_pid) - cpu
    progress(0.85, "waiting, to see what idle costs")
    loop.run_for(SETTLE_S)
    after_kib = memory_kib(task.server_pid)
    held = len(clients[len(clients) // 2].list_conversations())
    loop.close()
    return Figures(
        bench="connect",
        transport=task.transport,
        users=len(seats),
        connections=len(clients),
        conversations_each=held,
        connects_per_s=round(len(clients) / seconds, 1),
        rss_kib_per_connection=round((after_kib - before_kib) / len(clients), 2) if task.server_pid else None,
        server_rss_mib_before=round(before_kib / 1024, 1) if task.server_pid else None,
        server_rss_mib_after=round(after_kib / 1024, 1) if task.server_pid else None,
        server_cpu_ms=round(1000 * cpu / len(clients), 3) if task.server_pid else None,
    )


def _make_groups(loop: Loop, history: History, task: Task, progress: Progress) -> None:
    """Put everybody into 20 groups: neighbours share one, and in each round the neighbours are others."""
    seats = task.seats
    rounds = CONVERSATIONS_EACH
    for number in range(rounds):
        stride = number + 1
        order = sorted(range(len(seats)), key=lambda at: (at * stride % len(seats), at))
        for first in range(0, len(order), GROUP_MEMBERS):
            people = [seats[at] for at in order[first : first + GROUP_MEMBERS]]
            client = Client(loop, history, people[0], task.address, task.transport)
            client.hello()
            loop.until(lambda client=client: client.ready, 30, "a connection")  # type: ignore[misc]
            asked = pb.CreateConversation(
                client_id=os.urandom(16).hex(),
                kind=pb.CONVERSATION_KIND_GROUP,
                title=f"group {number}",
                user_ids=[seat.user_id for seat in people[1:]],
            )
            client.call(pb.ClientFrame(create_conversation=asked))
            client.link.close()
        progress(0.02 + 0.36 * (number + 1) / rounds, "making the conversations")
