"""What people keep of conversations for themselves: pins, mutes, folders, drafts.

It is a part of the person's row of the conversation, so changing it advances the person's version and stamps the member
row: all devices learn of it as they learn of everything else.  The conversation is not locked, because nothing of it is
decided: who else writes the member row takes the person's version first, too, and so one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import ConversationKind, MemberRow, MemberState, Own, OwnChange, OwnSet
from hubbub.storage.chat.look import look
from hubbub.storage.chat.remembered import Remembered
from hubbub.storage.chat.rows import encode, member_values
from hubbub.storage.chat.sight import EVERYTHING
from hubbub.storage.dialects import Dialect
from hubbub.storage.padded import padded
from hubbub.storage.tables.chat import members, own
from hubbub.storage.tables.schema import Id

_AT_ONCE = 200
NOTHING_OWN = Own()
_OF_PERSON = select(own.c.conversation_id, own.c.value).where(
    own.c.user_id == bindparam("reader", type_=Id),
    own.c.conversation_id.in_(bindparam("ids", type_=Id, expanding=True)),
)
_decode = msgspec.json.Decoder(Own).decode


def read_own(conn: Connection, user_id: str, conversation_ids: Sequence[str]) -> dict[str, Own]:
    """Return what this person keeps of these conversations; where it is nothing, absent."""
    found: dict[str, Own] = {}
    for some in padded(conversation_ids, _AT_ONCE):
        rows = conn.execute(_OF_PERSON, {"reader": user_id, "ids": some})
        found.update((row.conversation_id, _decode(row.value)) for row in rows)
    return found


def write_own(
    conn: Connection,
    dialect: Dialect,
    remembered: Remembered,
    user_id: str,
    conversation_id: str,
    change: OwnChange,
    now_ms: int,
) -> OwnSet:
    """Change it; see `chat.ports.LogWriter.set_own`."""
    seen = look(conn, user_id, conversation_id)
    everybodys = seen.conversation.kind is ConversationKind.SYSTEM
    if not everybodys and (seen.member is None or seen.member.state is not MemberState.JOINED):
        raise ChatError(Code.NOT_A_MEMBER)
    # Locks whatever is this person's, so that two devices change it one after the other.
    version = dialect.advance_versions(conn, [user_id])[user_id]
    before = read_own(conn, user_id, [conversation_id]).get(conversation_id, NOTHING_OWN)
    after = change.applied(before, now_ms)
    row = {"user_id": user_id, "conversation_id": conversation_id, "value": encode(after)}
    dialect.upsert(conn, own, [row])
    if everybodys:
        mine = MemberRow(conversation_id, user_id, intervals=EVERYTHING)
        dialect.insert_new(conn, members, [member_values(mine)])
    where = (members.c.conversation_id == conversation_id) & (members.c.user_id == user_id)
    conn.execute(update(members).where(where), {"version": version})
    remembered.forget_member(conversation_id, user_id)
    return OwnSet(version, dialect.insert_outbox(conn, now_ms, encode({}), encode({user_id: version})))
