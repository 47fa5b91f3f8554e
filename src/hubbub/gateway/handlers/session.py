"""The session itself: heartbeats, a new token, logging out, the server's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import Caller
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.session import Session

PING_BYTES = 125


def hello(session: Session, frame_id: int, frame: pb.Hello) -> None:
    session.refuse(frame_id, ChatError(Code.BAD_REQUEST, "The session is open already."))


def ping(session: Session, frame_id: int, frame: pb.Ping) -> None:
    if len(frame.data) > PING_BYTES:
        session.refuse(frame_id, ChatError(Code.BAD_REQUEST, f"data has more than {PING_BYTES} bytes."))
        return
    now_ms = session.service.clock.now_ms()
    session.send(pb.ServerFrame(reply_to=frame_id, pong=pb.Pong(data=frame.data, server_time_ms=now_ms)))


def pong(session: Session, frame_id: int, frame: pb.Pong) -> None:
    """Nothing: that it came is all it says."""


async def reauthenticate(session: Session, frame: pb.Reauthenticate) -> pb.ServerFrame:
    """Let a new token of the same login's person and device carry the session on."""
    service, identity = session.service, session.identity
    assert identity is not None
    fresh = service.auth.verify(frame.token)
    if (fresh.user_id, fresh.device_id) != (identity.user_id, identity.device_id):
        raise ChatError(Code.WRONG_USER)
    await service.auth.check(fresh)
    session.identity = fresh
    session.caller = Caller(session.user_id, session.device_id, fresh.is_admin, fresh.scopes)
    return pb.ServerFrame(done=pb.Done())


async def _reauthenticate(session: Session, frame_id: int, frame: pb.Reauthenticate) -> None:
    try:
        answer = await reauthenticate(session, frame)
    except ChatError as problem:
        session.end(problem.code, reply_to=frame_id, message=problem.message)
    else:
        answer.reply_to = frame_id
        session.send(answer)


def reauthenticate_or_end(session: Session, frame_id: int, frame: pb.Reauthenticate) -> None:
    session.service.tasks.start(_reauthenticate(session, frame_id, frame))


async def _log_out(session: Session, frame_id: int) -> None:
    identity = session.identity
    assert identity is not None
    # Set first: the event that ends this login's sockets must let this one answer.
    session.logged_out = True
    try:
        await session.service.end_login(identity)
    except ChatError as problem:
        session.logged_out = False
        session.refuse(frame_id, problem)
        return
    session.send(pb.ServerFrame(reply_to=frame_id, done=pb.Done()))
    session.end(None)


def log_out(session: Session, frame_id: int, frame: pb.Logout) -> None:
    session.service.tasks.start(_log_out(session, frame_id))


async def get_server_info(session: Session, frame: pb.GetServerInfo) -> pb.ServerFrame:
    service = session.service
    return pb.ServerFrame(
        server_info=pb.ServerInfo(
            name=service.settings.server_name,
            version=service.version,
            server_time_ms=service.clock.now_ms(),
            node_id=service.node_id,
            epoch=service.epoch,
        )
    )


AT_ONCE: dict[str, Any] = {
    "hello": hello,
    "ping": ping,
    "pong": pong,
    "reauthenticate": reauthenticate_or_end,
    "logout": log_out,
}
REQUESTS: dict[str, Any] = {"get_server_info": get_server_info}
