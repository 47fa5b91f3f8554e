"""What may enter: every field a client supplies is bounded and normalised here, before anything is queued.

The log keeps what it stores for ever and every client must be able to show it, so text that some database or language
cannot hold (NUL, lone surrogates) is refused at the edge and never reaches a batch, where it would hurt its neighbours.
Nothing here looks at rows: whether somebody may do a thing is decided by `rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.chat.model import (
    MAX_SEQ,
    Action,
    Body,
    ConversationChange,
    Dissolved,
    Draft,
    Edit,
    FileRef,
    Forwarded,
    MemberAction,
    MemberChange,
    OwnChange,
    Pin,
    Post,
    React,
    Recall,
    Role,
    Submit,
)
from hubbub.chat.rights import OWN_ROLES, OwnRole, Right

TEXT_BYTES = 64 * 1024
FALLBACK_BYTES = 4 * 1024
CUSTOM_TYPE_BYTES = 64
EMOJI_BYTES = 64
FOLDER_BYTES = 128
TITLE_BYTES = 512
TOPIC_BYTES = 2 * 1024
ANNOUNCEMENT_BYTES = 16 * 1024
QUERY_BYTES = 512
CURSOR_BYTES = 512
PEOPLE = 100
FILES = 20
SLOW_MODE_S = 24 * 3600
ROLE_NAME_BYTES = 128
TIME_MS = 2**53
"""The largest time every JSON reader keeps exact."""

_BUILT_IN = ("owner", "admin", "member")
_raw = msgspec.json.Decoder(msgspec.Raw)


def text(value: str, limit_bytes: int, what: str, *, code: Code = Code.BAD_REQUEST) -> str:
    """Return `value`, which is storable text of at most `limit_bytes` of UTF-8."""
    if "\0" in value:
        raise ChatError(Code.BAD_REQUEST, f"{what} contains a NUL character.")
    if value.isascii():
        size = len(value)
    else:
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise ChatError(Code.BAD_REQUEST, f"{what} contains half a surrogate pair.") from None
    if size > limit_bytes:
        raise ChatError(code, f"{what} has {size} bytes; at most {limit_bytes} are allowed.")
    return value


def an_id(value: str, what: str) -> str:
    """Return the id in `value` in its one normal form."""
    try:
        return parse_id(value)
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, f"{what} is not an id.") from None


def a_conversation_id(value: str) -> str:
    """Return the id of a conversation in its one normal form."""
    return an_id(value, "conversation_id")


def people(user_ids: Sequence[str], what: str = "user_ids") -> tuple[str, ...]:
    """Return at most a hundred ids, each once, in the order they came."""
    if not user_ids:
        return ()
    if len(user_ids) > PEOPLE:
        raise ChatError(Code.TOO_MANY_MEMBERS, f"{what} names {len(user_ids)} people; at most {PEOPLE} at once.")
    return tuple(dict.fromkeys([an_id(user_id, what) for user_id in user_ids]))


def a_seq(value: int, what: str, *, least: int = 1) -> int:
    """Return a sequence number that can exist."""
    if not least <= value < MAX_SEQ:
        raise ChatError(Code.BAD_REQUEST, f"{what} is not a sequence number.")
    return value


def a_title(value: str) -> str:
    """Return a title without the space around it; it must not be empty."""
    title = text(value, TITLE_BYTES, "title").strip()
    if not title:
        raise ChatError(Code.BAD_REQUEST, "The title is empty.")
    return title


def a_cursor(value: str) -> str:
    """Return a cursor as it came; only its maker can read it."""
    return text(value, CURSOR_BYTES, "cursor", code=Code.BAD_CURSOR)


def body(value: Body) -> Body:
    """Return a body that carries text or one JSON value, and not both, or files alone."""
    if value.files:
        value = msgspec.structs.replace(value, files=files(value.files))
    if value.fallback:
        text(value.fallback, FALLBACK_BYTES, "fallback")
    if value.custom_type:
        if value.text:
            raise ChatError(Code.BAD_REQUEST, "The body has both text and a custom value.")
        text(value.custom_type, CUSTOM_TYPE_BYTES, "type")
        text(value.custom_json, TEXT_BYTES, "json", code=Code.TOO_LARGE)
        try:
            _raw.decode(value.custom_json)
        except (msgspec.DecodeError, RecursionError):
            raise ChatError(Code.BAD_REQUEST, "json is not one JSON value.") from None
        return value
    if value.custom_json:
        raise ChatError(Code.BAD_REQUEST, "The custom value has no type.")
    if not value.text and not value.files:
        raise ChatError(Code.BAD_REQUEST, "The message is empty.")
    text(value.text, TEXT_BYTES, "text", code=Code.TEXT_TOO_LONG)
    return value


def files(refs: Sequence[FileRef]) -> tuple[FileRef, ...]:
    """Return at most twenty files by their ids alone, each once, in the order they came."""
    if len(refs) > FILES:
        raise ChatError(Code.BAD_REQUEST, f"The message brings {len(refs)} files; at most {FILES} are allowed.")
    return tuple([FileRef(id_) for id_ in dict.fromkeys([an_id(ref.id, "files") for ref in refs])])


def submit(command: Submit) -> Submit:
    """Return the command in its normal form, with every field the server fills left empty.

    Raises ChatError with BAD_REQUEST, TEXT_TOO_LONG, TOO_LARGE or TOO_MANY_MEMBERS.
    """
    conversation_id = an_id(command.conversation_id, "conversation_id")
    client_id = an_id(command.client_id, "client_id")
    after = an_id(command.after, "after") if command.after else ""
    if after and after == client_id:
        raise ChatError(Code.BAD_REQUEST, "A command cannot follow itself.")
    action = an_action(command.action)
    if (
        action is command.action
        and conversation_id is command.conversation_id
        and client_id is command.client_id
        and after is command.after
    ):
        return command
    return Submit(conversation_id, client_id, action, after)


def own_change(change: OwnChange) -> OwnChange:
    """Return what one may keep of a conversation for oneself, in its normal form."""
    if change == OwnChange():
        raise ChatError(Code.BAD_REQUEST, "Nothing is to be changed.")
    if change.muted_until_ms is not None and not 0 <= change.muted_until_ms <= TIME_MS:
        raise ChatError(Code.BAD_REQUEST, "muted_until_ms is not a time.")
    draft = change.draft
    if draft is not None:
        text(draft.text, TEXT_BYTES, "The draft", code=Code.TEXT_TOO_LONG)
        draft = Draft(draft.text, a_seq(draft.reply_to_seq, "reply_to_seq", least=0))
    begun = change.thread_draft
    if begun is not None:
        text(begun.text, TEXT_BYTES, "The draft", code=Code.TEXT_TOO_LONG)
        reply_to = a_seq(begun.reply_to_seq, "reply_to_seq", least=0)
        begun = Draft(begun.text, reply_to, thread_seq=a_seq(begun.thread_seq, "thread_seq"))
    folder = None if change.folder is None else text(change.folder, FOLDER_BYTES, "folder").strip()
    return msgspec.structs.replace(change, folder=folder, draft=draft, thread_draft=begun)


def an_action(action: Action) -> Action:
    """Return what a client may ask for, in its normal form."""
    if type(action) is Post:
        return _post(action)
    check = _ACTIONS.get(type(action))
    if check is None:
        raise ChatError(Code.BAD_REQUEST, "That is not something a client submits.")
    return check(action)


def _post(post: Post) -> Post:
    if post.forwarded is not None:
        return _forward(post, post.forwarded)
    said = body(post.body)
    if post.reply_to_seq:
        a_seq(post.reply_to_seq, "reply_to_seq")
    if post.thread_seq:
        a_seq(post.thread_seq, "thread_seq")
    elif post.also_in_conversation:
        raise ChatError(Code.BAD_REQUEST, "also_in_conversation needs a thread.")
    if said is post.body and not post.mentions and not post.withdrawn:
        return post
    return Post(
        body=said,
        reply_to_seq=post.reply_to_seq,
        thread_seq=post.thread_seq,
        also_in_conversation=post.also_in_conversation,
        mentions=people(post.mentions, "mentions"),
        mention_all=post.mention_all,
    )


def _forward(post: Post, named: Forwarded) -> Post:
    """Return a message that passes another on and says nothing itself."""
    if post.body != Body() or post.mentions or post.mention_all:
        raise ChatError(Code.BAD_REQUEST, "A message that is passed on says nothing of its own.")
    if post.thread_seq or post.also_in_conversation or post.reply_to_seq:
        raise ChatError(Code.BAD_REQUEST, "A message that is passed on answers no other.")
    conversation_id = an_id(named.conversation_id, "conversation_id")
    return Post(Body(), forwarded=Forwarded(conversation_id, a_seq(named.seq, "seq")))


def _edit(edit: Edit) -> Edit:
    return Edit(
        target_seq=a_seq(edit.target_seq, "target_seq"),
        body=body(edit.body),
        mentions=people(edit.mentions, "mentions"),
        mention_all=edit.mention_all,
    )


def _recall(recall: Recall) -> Recall:
    return Recall(target_seq=a_seq(recall.target_seq, "target_seq"))


def _react(react: React) -> React:
    a_seq(react.target_seq, "target_seq")
    if not text(react.emoji, EMOJI_BYTES, "emoji").strip():
        raise ChatError(Code.BAD_REQUEST, "The emoji is empty.")
    return react


def _pin(pin: Pin) -> Pin:
    a_seq(pin.target_seq, "target_seq")
    return pin


def _member_change(change: MemberChange) -> MemberChange:
    action = change.action
    if action is MemberAction.JOIN:
        raise ChatError(Code.BAD_REQUEST, "Joining is a request of its own.")
    user_ids = people(change.user_ids)
    if action is MemberAction.LEAVE:
        return MemberChange(action)
    if not user_ids:
        raise ChatError(Code.BAD_REQUEST, "user_ids is empty.")
    role = Role.NONE
    if action is MemberAction.ADD:
        role = change.role or Role.MEMBER
    elif action is MemberAction.ROLE:
        role = change.role
    if action in (MemberAction.ADD, MemberAction.ROLE) and role not in (Role.MEMBER, Role.ADMIN):
        raise ChatError(Code.BAD_REQUEST, "The role is member or admin; ownership is transferred.")
    if action is MemberAction.TRANSFER and len(user_ids) != 1:
        raise ChatError(Code.BAD_REQUEST, "Ownership goes to one person.")
    own_role = ""
    if action is MemberAction.ROLE and change.own_role:
        if role is not Role.MEMBER:
            raise ChatError(Code.BAD_REQUEST, "A role of the conversation's own stands in place of member.")
        own_role = an_id(change.own_role, "own_role")
    until = 0
    if action is MemberAction.MUTE:
        until = change.muted_until_ms
        if not 0 <= until <= TIME_MS:
            raise ChatError(Code.BAD_REQUEST, "muted_until_ms is not a time.")
    return MemberChange(action, user_ids, role, until, own_role)


def _conversation_change(change: ConversationChange) -> ConversationChange:
    if change == ConversationChange():
        raise ChatError(Code.BAD_REQUEST, "Nothing is to be changed.")
    if change.slow_mode_s is not None and not 0 <= change.slow_mode_s <= SLOW_MODE_S:
        raise ChatError(Code.BAD_REQUEST, "slow_mode_s is at most one day.")
    return ConversationChange(
        title=None if change.title is None else a_title(change.title),
        topic=None if change.topic is None else text(change.topic, TOPIC_BYTES, "topic"),
        announcement=(
            None if change.announcement is None else text(change.announcement, ANNOUNCEMENT_BYTES, "announcement")
        ),
        history_for_newcomers=change.history_for_newcomers,
        mute_all=change.mute_all,
        slow_mode_s=change.slow_mode_s,
        roles=None if change.roles is None else own_roles(change.roles),
    )


def own_roles(roles: Sequence[OwnRole]) -> tuple[OwnRole, ...]:
    """Return the roles of a conversation, each with an id and a name that no other has, and with rights there are."""
    if len(roles) > OWN_ROLES:
        raise ChatError(Code.BAD_REQUEST, f"There are {len(roles)} roles; at most {OWN_ROLES} are allowed.")
    known = [right.value for right in Right]
    found = []
    for role in roles:
        if strange := sorted(set(role.rights) - set(known)):
            raise ChatError(Code.BAD_REQUEST, f"There is no right {strange[0][:64]!r}.")
        name = text(role.name, ROLE_NAME_BYTES, "The role's name").strip()
        if not name or name.casefold() in _BUILT_IN:
            raise ChatError(Code.BAD_REQUEST, "A role has a name, which is not one of those that are built in.")
        found.append(OwnRole(an_id(role.id, "roles"), name, tuple([each for each in known if each in role.rights])))
    if len({role.id for role in found}) < len(found) or len({role.name.casefold() for role in found}) < len(found):
        raise ChatError(Code.BAD_REQUEST, "Two roles have one id or one name.")
    return tuple(found)


def _dissolved(action: Dissolved) -> Dissolved:
    return action


_ACTIONS: dict[type[Action], Callable[[Any], Action]] = {
    Edit: _edit,
    Recall: _recall,
    React: _react,
    Pin: _pin,
    MemberChange: _member_change,
    ConversationChange: _conversation_change,
    Dissolved: _dissolved,
}
