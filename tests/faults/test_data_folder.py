"""What a server does when its data folder cannot give what it needs: it is taken, or its disk is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hubbub.lab.checker import check
from hubbub.lab.history import History
from hubbub.lab.load.client import Client
from hubbub.lab.load.seed import seed
from hubbub.lab.load.server import OPEN_LIMITS, OwnServer, socket_address
from hubbub.lab.load.sockets import Loop
from hubbub.wire import hubbub_pb2 as pb

SERVE = (sys.executable, "-m", "hubbub.cli.main")
SMALL_DISK_KIB = 8 * 1024
BALLAST_KIB = 2 * 1024


def test_a_second_server_on_the_same_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with OwnServer(tmp_path / "data") as first:
        command = [*SERVE, "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
        second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode != 0
        assert "in use by another server" in second.stderr
        assert str(first.pid) in second.stderr
        assert "Traceback" not in second.stderr
        assert first.process is not None
        assert first.process.poll() is None


class SmallDisk:
    """A server whose data folder lies on a file system of a few megabytes, which no other process sees."""

    def __init__(self, tmp_path: Path, seeded: Path) -> None:
        self.data = tmp_path / "disk"
        self.data.mkdir()
        mount = f"mount -t tmpfs -o size={SMALL_DISK_KIB}k tmpfs {self.data} && cp -r {seeded}/. {self.data}"
        ballast = f"head -c {BALLAST_KIB}k /dev/zero > {self.data}/ballast"
        script = f'{mount} && {ballast} && exec {sys.executable} -m hubbub.cli.main "$@"'
        self.command = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "serve-on-small-disk")

    def server(self) -> OwnServer:
        return OwnServer(self.data, environ=OPEN_LIMITS, command=self.command, private_mounts=True)


def can_mount() -> bool:
    """Whether this system lets an ordinary user have a file system of their own."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs user namespaces: unshare --user --map-root-user --mount")
def test_a_full_disk_is_told_to_the_sender_and_loses_nothing(tmp_path: Path) -> None:
    seats, _ = seed(tmp_path / "seeded", people=2)
    history, loop = History(), Loop()
    with SmallDisk(tmp_path, tmp_path / "seeded").server() as server:
        address = socket_address(server.http, seats[0].token, "ws")
        ann, ben = (Client(loop, history, seat, address, "ws") for seat in seats)
        for client in (ann, ben):
            client.hello()
        loop.until(lambda: ann.ready and ben.ready, 10, "connecting")
        room = ann.call(pb.ClientFrame(open_direct=pb.OpenDirect(user_id=ben.seat.user_id)))
        name = room.conversation.conversation_id
        history.watch([name])
        accepted, errors = [], []
        for _ in range(600):
            said = say(ann, name, "x" * 20_000)
            if said.status == pb.SUBMIT_STATUS_ACCEPTED:
                accepted.append(said.seq)
            else:
                errors.append(said.error)
                if len(errors) == 5:
                    break
        assert accepted
        assert {error.code for error in errors} == {"storage_full"}
        assert all(error.retry and error.message for error in errors)
        # The server goes on: it answers, reads, and pushes what it had stored.
        loop.run_for(1.5)
        assert ann.call(pb.ClientFrame(get_server_info=pb.GetServerInfo())).HasField("server_info")
        assert read(ben, name, history) >= set(accepted)
        # Somebody makes room, and the same server stores again.
        Path(f"/proc/{server.pid}/root{server.data}/ballast").unlink()
        assert say(ann, name, "room again").status == pb.SUBMIT_STATUS_ACCEPTED
        loop.run_for(0.2)
        read(ben, name, history)
        report = check(history)
        assert report.clean, str(report)
        ann.link.close()
        ben.link.close()
        assert server.stop() == 0, server.log()


def read(client: Client, room: str, history: History) -> set[int]:
    """Read the whole log and return the numbers in it."""
    found, after, head = set[int](), 0, 1
    while after < head:
        asked = pb.GetEntries(conversation_id=room, after_seq=after)
        page = client.call(pb.ClientFrame(get_entries=asked)).entry_page
        found.update(entry.seq for entry in page.entries)
        assert page.to_seq > after, "a page that gets nowhere"
        after, head = page.to_seq, page.as_of
    history.audit(room, head, found)
    return found


def say(client: Client, room: str, text: str) -> pb.Submitted:
    """Send a text and return the answer, whatever it is."""
    message = pb.Message(body=pb.Body(text=pb.Text(text=text)))
    submit = pb.Submit(conversation_id=room, client_id=os.urandom(16).hex(), message=message)
    answers: list[pb.ServerFrame] = []
    client.ask(pb.ClientFrame(submit=submit), answers.append)
    client.link.loop.until(lambda: bool(answers), 20, "an answer")
    answer = answers[0]
    if answer.HasField("submitted"):
        return answer.submitted
    return pb.Submitted(status=pb.SUBMIT_STATUS_REJECTED, error=answer.error)
