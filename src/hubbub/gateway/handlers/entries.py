"""Reading the log, in either of its two ways, and taking a message out of one's own view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbub.gateway import mapping_out
from hubbub.gateway.mapping_in import a_seq, an_id
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.session import Session


async def get_entries(session: Session, frame: pb.GetEntries) -> pb.ServerFrame:
    page = await session.service.chat.entries(
        session.who, an_id(frame.conversation_id, "conversation_id"), a_seq(frame.after_seq, "after_seq"), frame.limit
    )
    return pb.ServerFrame(entry_page=mapping_out.entry_page(page))


async def get_history(session: Session, frame: pb.GetHistory) -> pb.ServerFrame:
    page = await session.service.chat.history(
        session.who,
        an_id(frame.conversation_id, "conversation_id"),
        before_seq=a_seq(frame.before_seq, "before_seq"),
        after_seq=a_seq(frame.after_seq, "after_seq"),
        around_seq=a_seq(frame.around_seq, "around_seq"),
        thread_seq=a_seq(frame.thread_seq, "thread_seq"),
        limit=frame.limit,
    )
    return pb.ServerFrame(history_page=mapping_out.history_page(page))


async def get_edits(session: Session, frame: pb.GetEdits) -> pb.ServerFrame:
    revisions = await session.service.chat.revisions(
        session.who, an_id(frame.conversation_id, "conversation_id"), a_seq(frame.target_seq, "target_seq")
    )
    return pb.ServerFrame(edit_page=mapping_out.edit_page(revisions))


async def hide_message(session: Session, frame: pb.HideMessage) -> pb.ServerFrame:
    await session.service.chat.hide(
        session.who, an_id(frame.conversation_id, "conversation_id"), a_seq(frame.seq, "seq")
    )
    return pb.ServerFrame(done=pb.Done())


REQUESTS: dict[str, Any] = {
    "get_entries": get_entries,
    "get_history": get_history,
    "get_edits": get_edits,
    "hide_message": hide_message,
}
