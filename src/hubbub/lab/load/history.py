"""`history`: a page from a very long conversation against one from a short one, asked for in turns."""

from __future__ import annotations

import random

from hubbub.lab.histogram import Histogram
from hubbub.lab.history import History
from hubbub.lab.load.client import Client
from hubbub.lab.load.messages import now_ns
from hubbub.lab.load.sockets import Loop
from hubbub.lab.load.task import Figures, Progress, Task
from hubbub.wire import hubbub_pb2 as pb

PAGE = 50


def run(task: Task, progress: Progress) -> Figures:
    """Ask for pages at random places of `task.conversations`: first the small one, then the large one."""
    loop, history = Loop(), History()
    client = Client(loop, history, task.seats[0], task.address, task.transport)
    client.hello()
    loop.until(lambda: client.ready, 30, "connecting")
    small, large = task.conversations
    heads = {name: client.call(_page(name, 0)).history_page.as_of for name in (small, large)}
    dice = random.Random(20)
    times = {small: Histogram(), large: Histogram()}
    rounds = max(200, task.repeats * 20)
    for number in range(rounds):
        for name in (small, large) if number % 2 else (large, small):
            frame = _page(name, dice.randint(PAGE + 1, heads[name]))
            start = now_ns()
            page = client.call(frame).history_page
            if number >= rounds // 10:
                times[name].add(now_ns() - start)
            if len(page.items) != PAGE:
                raise ValueError(f"a page of {len(page.items)} instead of {PAGE}")
        if number % 50 == 0:
            progress(number / rounds, "turning pages")
    loop.close()
    one, other = times[small].percentile_ms(50) or 1.0, times[large].percentile_ms(50) or 0.0
    return Figures(
        bench="history",
        transport=task.transport,
        messages=2 * rounds,
        page_ms_small=times[small].summary(),
        page_ms_large=times[large].summary(),
        page_ratio=round(other / one, 3),
        entries_small=heads[small],
        entries_large=heads[large],
    )


def _page(conversation_id: str, before_seq: int) -> pb.ClientFrame:
    asked = pb.GetHistory(conversation_id=conversation_id, before_seq=before_seq, limit=PAGE)
    return pb.ClientFrame(get_history=asked)
