"""The crowd's process: light clients that talk in pairs at a given rate, lose their connections, and come back.

It reads a task as the first line of its input, then commands: `rate N` has N messages fall due per second from now on,
over everybody in turn; `stop` lets all come to rest, has the checker judge what was recorded, and writes it to a file.
A message falls due at its time whatever became of the ones before, so a stall shows in every message that it held up.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import msgspec

from hubbub.base.ids import new_id
from hubbub.client.backoff import ExponentialBackoff
from hubbub.lab.checker import check, owed
from hubbub.lab.figures.doors import Doors
from hubbub.lab.figures.resident import Resident
from hubbub.lab.figures.told import Answer, Outage, Spoken, Task, Told
from hubbub.lab.history import History
from hubbub.lab.load.messages import stamped
from hubbub.lab.load.processes import raise_file_limit
from hubbub.lab.load.sockets import Loop, Lost
from hubbub.wire import hubbub_pb2 as pb

ENTER_S = 240.0
AT_ONCE = 32
"""How many come in or open their conversation at the same time."""
TICK_S = 0.05
LOOK_S = 0.3
"""How often it is looked whether everybody has everything; that walks over the whole history."""


class Crowd:
    """Everybody in this process."""

    def __init__(self, task: Task) -> None:
        self.loop = Loop()
        self.loop.patient = True
        self.history = History()
        self.told = Told()
        self._task = task
        self._doors = Doors(self.loop, task.server)
        addresses = task.addresses or [""] * len(task.seats)
        backoff = ExponentialBackoff(ceiling_s=task.backoff_s)
        self.residents = [
            Resident(self, number, seat, address, backoff)
            for number, (seat, address) in enumerate(zip(task.seats, addresses, strict=True))
        ]
        self._room: list[str] = [""] * len(task.seats)
        self._under_way: dict[str, Spoken] = {}
        """Messages that have not arrived, by client_id."""
        self._ticked = 0.0
        self._filler = "x" * max(0, task.size - 16)

    # ------------------------------------------------------------ the street

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.loop.later(seconds, call)

    def ask_door(self, resident: Resident) -> None:
        self._doors.ask(resident.seat.token, resident.avoid, resident.door)

    def arrived(self, resident: Resident, entry: pb.Entry, now_ns: int) -> None:
        spoken = self._under_way.get(entry.client_id)
        if spoken is not None and spoken.receiver == resident.number:
            spoken.arrived_ns = now_ns
            del self._under_way[entry.client_id]

    def answered_otherwise(self, answer: Answer, *, final: bool) -> None:
        self.told.answers.append(answer)
        if final:
            self.told.refused[answer.code] = self.told.refused.get(answer.code, 0) + 1

    def login_refused(self, code: str) -> None:
        self.told.logins_refused[code] = self.told.logins_refused.get(code, 0) + 1

    def lost(self, outage: Outage) -> None:
        self.told.outages.append(outage)

    # ------------------------------------------------------------ its life

    def enter(self) -> None:
        """Connect everybody and open the conversations.  Raises TimeoutError, Lost."""
        waiting = deque(self.residents)
        coming: list[Resident] = []
        deadline = time.monotonic() + ENTER_S
        while waiting or coming:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(waiting) + len(coming)} of {len(self.residents)} are not connected")
            coming = [resident for resident in coming if not resident.here]
            while waiting and len(coming) < AT_ONCE:
                coming.append(waiting.popleft())
                coming[-1].come()
            self.turn(0.01)
        self._open_all(deadline)
        self.told.outages.clear()
        self.told.logins_refused.clear()

    def turn(self, timeout_s: float) -> None:
        """Do what is due, then wait for something to come."""
        now = time.monotonic()
        if now - self._ticked > TICK_S:
            self._ticked = now
            for resident in self.residents:
                resident.tick(time.monotonic_ns())
        self.loop.turn(min(timeout_s, TICK_S))

    def talk(self, commands: SimpleQueue[str]) -> None:
        """Say what falls due until it is told to stop."""
        step_ns, due_ns, turn = 0, 0, deque(self.residents)
        while True:
            while not commands.empty():
                word, _, value = commands.get().partition(" ")
                if word != "rate":
                    return
                step_ns = int(1e9 / float(value)) if float(value) else 0
                due_ns = time.monotonic_ns()
            now_ns = time.monotonic_ns()
            while step_ns and due_ns <= now_ns:
                self._say(turn[0], due_ns)
                turn.rotate(-1)
                due_ns += step_ns
            self.turn(max(0.0, (due_ns - time.monotonic_ns()) / 1e9) if step_ns else TICK_S)

    def settle(self) -> Told:
        """Let the last answers and entries come; return everything."""
        told, deadline, looked = self.told, time.monotonic() + self._task.settle_s, 0.0
        while (now := time.monotonic()) < deadline:
            self.turn(0.02)
            at_rest = all(resident.here and not resident.waiting for resident in self.residents)
            if at_rest and now - looked > LOOK_S:
                looked = now
                if not owed(self.history):
                    break
        told.load_cpu_s = time.process_time()
        told.away = sum(not resident.here for resident in self.residents)
        for resident in self.residents:
            # Who is still on the way in is away: nothing is owed to it yet.
            if resident.visit is not None and not resident.here:
                resident.visit.link.close()
        told.missing = owed(self.history)[:20]
        told.unanswered = sum(resident.waiting for resident in self.residents)
        told.places = [resident.node for resident in self.residents]
        told.report = check(self.history)
        return told

    # ------------------------------------------------------------ inside

    def _open_all(self, deadline: float) -> None:
        """Have both of every pair open their conversation, so that each is told of it."""
        opened = Counter[int]()
        todo = deque(range(len(self.residents)))
        flying = 0

        def done(number: int, answer: pb.ServerFrame) -> None:
            nonlocal flying
            flying -= 1
            if not answer.HasField("conversation"):
                todo.append(number)
                return
            name = answer.conversation.conversation_id
            self._room[number] = name
            self.residents[number].rooms = [name]
            self.history.watch([name])
            opened[number] += 1

        while len(opened) < len(self.residents):
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {len(opened)} of {len(self.residents)} conversations were opened")
            while todo and flying < AT_ONCE:
                number = todo.popleft()
                visit = self.residents[number].visit
                if visit is None or not visit.ready:
                    todo.append(number)
                    break
                flying += 1
                other = self.residents[number ^ 1].seat.user_id
                asked = pb.ClientFrame(open_direct=pb.OpenDirect(user_id=other))
                visit.ask(asked, lambda answer, number=number: done(number, answer))  # type: ignore[misc]
            self.turn(0.01)

    def _say(self, resident: Resident, due_ns: int) -> None:
        spoken = Spoken(resident.number, resident.number ^ 1, due_ns)
        self.told.spoken.append(spoken)
        client_id = new_id()
        self._under_way[client_id] = spoken
        message = pb.Message(body=pb.Body(text=pb.Text(text=stamped(due_ns, self._filler))))
        room = self._room[resident.number]
        resident.say(pb.Submit(conversation_id=room, client_id=client_id, message=message), spoken)


def main() -> None:
    """Run the task on standard input."""
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    raise_file_limit()
    # What a run keeps is flat and free of cycles; walking it again and again would stall the load.
    gc.disable()
    commands: SimpleQueue[str] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            commands.put(line.decode().strip())
        commands.put("stop")

    threading.Thread(target=listen, name="commands", daemon=True).start()
    crowd = Crowd(task)
    try:
        crowd.enter()
        _say("ready")
        crowd.talk(commands)
        Path(task.result).write_bytes(msgspec.json.encode(crowd.settle()))
        _say("done")
    except (Lost, TimeoutError, OSError, ValueError) as error:
        _say(f"{type(error).__name__}: {error}")
        sys.exit(1)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
