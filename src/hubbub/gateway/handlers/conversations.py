"""Conversations: making, finding, entering and leaving them; marks and typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbub.gateway import mapping_in, mapping_out
from hubbub.gateway.mapping_in import a_seq, an_id
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.session import Session


async def create_conversation(session: Session, frame: pb.CreateConversation) -> pb.ServerFrame:
    state = await session.service.chat.create_conversation(
        session.who,
        an_id(frame.client_id, "client_id"),
        mapping_in.kind(frame.kind),
        title=frame.title,
        topic=frame.topic,
        user_ids=tuple(frame.user_ids),
        history_for_newcomers=frame.history_for_newcomers,
    )
    return pb.ServerFrame(conversation=mapping_out.conversation(state))


async def open_direct(session: Session, frame: pb.OpenDirect) -> pb.ServerFrame:
    state = await session.service.chat.open_direct(session.who, an_id(frame.user_id, "user_id"))
    return pb.ServerFrame(conversation=mapping_out.conversation(state))


async def join_conversation(session: Session, frame: pb.JoinConversation) -> pb.ServerFrame:
    state = await session.service.chat.join(session.who, an_id(frame.conversation_id, "conversation_id"))
    return pb.ServerFrame(conversation=mapping_out.conversation(state))


async def leave_conversation(session: Session, frame: pb.LeaveConversation) -> pb.ServerFrame:
    await session.service.chat.leave(
        session.who, an_id(frame.conversation_id, "conversation_id"), an_id(frame.client_id, "client_id")
    )
    return pb.ServerFrame(done=pb.Done())


async def get_conversation(session: Session, frame: pb.GetConversation) -> pb.ServerFrame:
    state = await session.service.chat.conversation(session.who, an_id(frame.conversation_id, "conversation_id"))
    return pb.ServerFrame(conversation=mapping_out.conversation(state))


async def list_conversations(session: Session, frame: pb.ListConversations) -> pb.ServerFrame:
    states, cursor = await session.service.chat.conversations(session.who, frame.cursor, frame.limit)
    return pb.ServerFrame(conversation_page=mapping_out.conversation_page(states, cursor))


async def list_channels(session: Session, frame: pb.ListChannels) -> pb.ServerFrame:
    states, cursor = await session.service.chat.channels(session.who, frame.query, frame.cursor, frame.limit)
    return pb.ServerFrame(conversation_page=mapping_out.conversation_page(states, cursor))


async def list_members(session: Session, frame: pb.ListMembers) -> pb.ServerFrame:
    head, members, cursor = await session.service.chat.members(
        session.who, an_id(frame.conversation_id, "conversation_id"), frame.cursor, frame.limit
    )
    return pb.ServerFrame(member_page=mapping_out.member_page(head, members, cursor))


async def get_user_state(session: Session, frame: pb.GetUserState) -> pb.ServerFrame:
    state = await session.service.chat.user_state(session.who, a_seq(frame.since_version, "since_version"), frame.limit)
    return pb.ServerFrame(user_state=mapping_out.user_state(state))


async def set_mark(session: Session, frame: pb.SetMark) -> pb.ServerFrame:
    await session.service.chat.set_mark(
        session.who,
        an_id(frame.conversation_id, "conversation_id"),
        a_seq(frame.read_seq, "read_seq"),
        a_seq(frame.delivered_seq, "delivered_seq"),
    )
    return pb.ServerFrame(done=pb.Done())


async def set_own(session: Session, frame: pb.SetOwn) -> pb.ServerFrame:
    await session.service.chat.set_own(
        session.who, an_id(frame.conversation_id, "conversation_id"), mapping_in.own_change(frame)
    )
    return pb.ServerFrame(done=pb.Done())


async def set_typing(session: Session, frame: pb.SetTyping) -> pb.ServerFrame:
    await session.service.chat.set_typing(session.who, an_id(frame.conversation_id, "conversation_id"), frame.typing)
    return pb.ServerFrame(done=pb.Done())


REQUESTS: dict[str, Any] = {
    "create_conversation": create_conversation,
    "open_direct": open_direct,
    "join_conversation": join_conversation,
    "leave_conversation": leave_conversation,
    "get_conversation": get_conversation,
    "list_conversations": list_conversations,
    "list_channels": list_channels,
    "list_members": list_members,
    "get_user_state": get_user_state,
    "set_mark": set_mark,
    "set_typing": set_typing,
    "set_own": set_own,
}
