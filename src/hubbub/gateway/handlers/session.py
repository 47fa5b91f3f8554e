"""The session itself: heartbeats, a new token, logging out, the server's name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hubbub.auth.scopes import READ
from hubbub.base.errors import ChatError, Code
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


async def _reauthenticate(session: Session, frame: pb.Reauthenticate) -> pb.ServerFrame:
    """Let a new token of the same login's person and device carry the session on."""
    service, identity = session.service, session.identity
    assert identity is not None
    fresh = service.auth.verify(frame.token)
    if (fresh.user_id, fresh.device_id) != (identity.user_id, identity.device_id):
        raise ChatError(Code.WRONG_USER)
    if not fresh.may(READ):
        raise ChatError(Code.INSUFFICIENT_SCOPE)
    session.act_as(await service.auth.check(fresh))
    return pb.ServerFrame(done=pb.Done())


def reauthenticate(session: Session, frame_id: int, frame: pb.Reauthenticate) -> None:
    """Begin it; a token that is refused for good ends the session."""
    session.start(frame_id, _reauthenticate(session, frame), ends_session=True)


async def _log_out(session: Session) -> pb.ServerFrame:
    identity = session.identity
    assert identity is not None
    # Set first: the event that ends this login's sockets must let this one answer.
    session.logged_out = True
    try:
        await session.service.end_login(identity)
    except BaseException:
        session.logged_out = False
        raise
    # Behind the answer, which is sent in this turn.
    asyncio.get_running_loop().call_soon(session.end, None)
    return pb.ServerFrame(done=pb.Done())


def log_out(session: Session, frame_id: int, frame: pb.Logout) -> None:
    """Begin to end the login; its socket closes behind the answer."""
    session.start(frame_id, _log_out(session))


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
    "reauthenticate": reauthenticate,
    "logout": log_out,
}
REQUESTS: dict[str, Any] = {"get_server_info": get_server_info}
