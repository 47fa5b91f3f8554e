"""Messages that somebody wants to come back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbub.gateway import mapping_out
from hubbub.gateway.mapping_in import a_seq, an_id
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.session import Session


async def set_reminder(session: Session, frame: pb.SetReminder) -> pb.ServerFrame:
    await session.service.chat.set_reminder(
        session.who,
        an_id(frame.conversation_id, "conversation_id"),
        a_seq(frame.seq, "seq"),
        frame.due_ms,
        frame.note,
    )
    return pb.ServerFrame(done=pb.Done())


async def list_reminders(session: Session, frame: pb.ListReminders) -> pb.ServerFrame:
    rows, cursor = await session.service.chat.reminders(session.who, frame.cursor, frame.limit)
    return pb.ServerFrame(reminder_page=mapping_out.reminder_page(rows, cursor))


REQUESTS: dict[str, Any] = {
    "set_reminder": set_reminder,
    "list_reminders": list_reminders,
}
