"""Submits that wait for their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbub.gateway import mapping_in, mapping_out
from hubbub.gateway.mapping_in import an_id
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.session import Session


async def schedule(session: Session, frame: pb.Schedule) -> pb.ServerFrame:
    await session.service.chat.schedule(session.who, mapping_in.submit(frame.submit), frame.due_ms)
    return pb.ServerFrame(done=pb.Done())


async def cancel_scheduled(session: Session, frame: pb.CancelScheduled) -> pb.ServerFrame:
    await session.service.chat.cancel_scheduled(
        session.who, an_id(frame.conversation_id, "conversation_id"), an_id(frame.client_id, "client_id")
    )
    return pb.ServerFrame(done=pb.Done())


async def list_scheduled(session: Session, frame: pb.ListScheduled) -> pb.ServerFrame:
    rows, cursor = await session.service.chat.scheduled(session.who, frame.cursor, frame.limit)
    return pb.ServerFrame(scheduled_page=mapping_out.scheduled_page(rows, cursor))


REQUESTS: dict[str, Any] = {
    "schedule": schedule,
    "cancel_scheduled": cancel_scheduled,
    "list_scheduled": list_scheduled,
}
