"""Whatever a client of the socket can ask for, a program without one can ask for over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from unit.rest.site import Site
from unit.rest.test_every_operation import operations

from hubbub.wire import hubbub_pb2 as pb

OF_THE_CONNECTION = {
    "hello": "a request carries its token, and `GET /api/v1/events` its cursor",
    "ping": "there is no connection to keep",
    "pong": "there is no connection to keep",
    "reauthenticate": "the next request carries the new token",
}

OPERATIONS: dict[str, list[str]] = {
    "logout": ["log_out"],
    "create_conversation": ["create_conversation"],
    "open_direct": ["open_direct"],
    "join_conversation": ["join_conversation"],
    "leave_conversation": ["leave_conversation"],
    "set_mark": ["set_marks"],
    "schedule": ["schedule"],
    "cancel_scheduled": ["cancel_scheduled"],
    "list_scheduled": ["list_scheduled"],
    "hide_message": ["hide_message"],
    "set_typing": ["set_typing"],
    "set_own": ["set_own"],
    "set_reminder": ["set_reminder", "take_reminder_away"],
    "list_reminders": ["list_reminders"],
    "get_entries": ["list_entries"],
    "get_history": ["read_history"],
    "list_conversations": ["list_conversations"],
    "list_members": ["list_members"],
    "get_user_state": ["read_state"],
    "find_users": ["find_users"],
    "get_users": ["find_users"],
    "list_online": ["list_presence"],
    "watch_presence": ["list_presence"],
    "get_server_info": ["server_info"],
    "list_channels": ["list_channels"],
    "get_edits": ["list_edits"],
    "get_conversation": ["read_conversation"],
    "search": ["search"],
    "submit.message": ["send_message"],
    "submit.edit": ["edit_message"],
    "submit.recall": ["recall_message"],
    "submit.reaction": ["react", "unreact"],
    "submit.pin": ["pin_message", "unpin_message"],
    "submit.conversation_change": ["change_conversation"],
    "submit.dissolve": ["dissolve_conversation"],
    "submit.member_change.ADD": ["add_members"],
    "submit.member_change.LEAVE": ["leave_conversation"],
    "submit.member_change.REMOVE": ["remove_member"],
    "submit.member_change.BAN": ["ban_member"],
    "submit.member_change.UNBAN": ["unban_member"],
    "submit.member_change.ROLE": ["change_member"],
    "submit.member_change.TRANSFER": ["transfer_conversation"],
    "submit.member_change.MUTE": ["change_member"],
}

NOT_SUBMITTED = {"JOIN": "join_conversation", "UNSPECIFIED": ""}

CALLED = {
    "get_entries": {"after_seq": "after"},
    "get_history": {"before_seq": "before", "after_seq": "after", "around_seq": "around", "thread_seq": "thread"},
    "get_user_state": {"since_version": "since"},
    "get_users": {"user_ids": "id", "usernames": "username"},
    "watch_presence": {"user_ids": "id"},
    "search": {"sender": "from", "place": "in"},
    "get_edits": {"target_seq": "seq"},
    "submit.edit": {"target_seq": "seq"},
    "submit.recall": {"target_seq": "seq"},
    "submit.reaction": {"target_seq": "seq"},
    "submit.pin": {"target_seq": "seq"},
    "schedule": {"submit": "client_id"},
}
"""Fields that have another name over HTTP."""

SAID_BY_THE_METHOD = {"submit.reaction": {"set"}, "submit.pin": {"set"}}
"""PUT sets, DELETE unsets."""

SET_BY_THE_SERVER = {
    "withdrawn",
    "previous_mentions",
    "previous_mention_all",
    "target_sender_id",
    "target_counts",
    "target_mentions",
    "target_mention_all",
    "keep_days",
    "kept_from",
}


def commands() -> dict[str, Any]:
    """Return every command of the schema, each with the message whose fields it takes."""
    found: dict[str, Any] = {}
    for frame in pb.ClientFrame.DESCRIPTOR.oneofs_by_name["body"].fields:
        if frame.name == "submit":
            continue
        found[frame.name] = frame.message_type
    for action in pb.Submit.DESCRIPTOR.oneofs_by_name["action"].fields:
        if action.name != "member_change":
            found[f"submit.{action.name}"] = action.message_type
    for value in pb.MemberAction.DESCRIPTOR.values:
        name = value.name.removeprefix("MEMBER_ACTION_")
        if name not in NOT_SUBMITTED:
            found[f"submit.member_change.{name}"] = None
    return found


@pytest.fixture
async def described(site: Site) -> dict[str, set[str]]:
    """Return what each operation takes: the names in its path, its query and its body."""
    document = (await site.http.get("/api/openapi.json")).json()
    return {operation["operationId"]: taken(document, operation) for _, _, operation in operations(document)}


def taken(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    names = {one["name"] for one in operation.get("parameters", ())}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content.get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        names |= set(schema.get("properties", ()))
    return names


def test_every_command_of_the_schema_is_in_the_table() -> None:
    assert set(commands()) == set(OPERATIONS) | set(OF_THE_CONNECTION)


async def test_a_command_has_operations_that_take_all_its_fields(described: dict[str, set[str]]) -> None:
    missing = {}
    for command, message in commands().items():
        if command in OF_THE_CONNECTION:
            continue
        takes = set[str]().union(*[described[operation] for operation in OPERATIONS[command]])
        called = {"client_id": "Idempotency-Key"} | CALLED.get(command, {})
        fields = {field.name for field in message.fields} if message is not None else set()
        if command == "schedule":
            fields |= {field.name for field in pb.Message.DESCRIPTOR.fields}
        wanted = fields - SET_BY_THE_SERVER - SAID_BY_THE_METHOD.get(command, set())
        absent = {name for name in wanted if name not in takes and called.get(name, name) not in takes}
        if absent:
            missing[command] = absent, takes
    assert not missing


# ---------------------------------------------------------------- again

WITHOUT_A_KEY = {
    "register": "a name is taken once",
    "set_up": "its link works once",
    "report": "the first report is found while it is open",
    "upload_file": "what no message shows is deleted within a day",
    "add_emoji": "a name is taken once",
    "add_emoji_pack": "its names are taken once",
    "add_passkey": "a challenge is answered once",
    "create_invite": "a link nobody got to know is in the list, and can be taken back",
    "create_code": "a code nobody got to know is in the list, and can be taken back",
    "create_client": "a secret is told once; a client whose secret nobody got to know is in the list",
    "rotate_keys": "one more key to check old tokens by is in the list",
    "open_hold": "a second one is in the list, keeps the same, and can be closed",
    "begin_export": "every one that is begun is in the audit log, and changes nothing",
    "create_role": "a second one is in the list, and can be removed",
    "create_filter": "a second one is in the list, and changes nothing",
}
"""What makes something and takes no key: why doing it again does no harm."""


async def test_whatever_makes_something_takes_a_key_or_does_no_harm_twice(site: Site) -> None:
    document = (await site.http.get("/api/openapi.json")).json()
    keyed = set()
    for method, path, operation in operations(document):
        if method != "POST" or "201" not in operation["responses"] or path.startswith("/oauth/"):
            continue
        name = operation["operationId"]
        takes = taken(document, operation)
        if "Idempotency-Key" in takes:
            assert "client_id" in takes, name
            keyed.add(name)
        else:
            assert name in WITHOUT_A_KEY, f"{name} takes no Idempotency-Key: say why twice does no harm"
    assert not keyed & set(WITHOUT_A_KEY)
    assert {"send_message", "schedule", "create_conversation", "add_members", "announce", "forward_message"} <= keyed


async def test_every_entry_over_http_can_be_asked_for_again(site: Site, described: dict[str, set[str]]) -> None:
    for command, names in OPERATIONS.items():
        if command.startswith("submit."):
            for name in names:
                assert "Idempotency-Key" in described[name], name
