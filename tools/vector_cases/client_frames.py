"""Frames a client sends: (name, section of protocol.md, meaning, protobuf fields, JSON)."""

from __future__ import annotations

from typing import Any

from .protobuf import JULIET, KEY_A, KEY_B, MERCUTIO, OTHER_ROOM, ROMEO, ROOM, TIME, num, sub

Case = tuple[str, str, str, bytes, dict[str, Any]]


def _submit(action: bytes, action_json: dict[str, Any], *, after: str = "") -> tuple[bytes, dict[str, Any]]:
    fields = sub(1, ROOM) + sub(2, KEY_A) + (sub(3, after) if after else b"") + action
    json: dict[str, Any] = {"conversationId": ROOM, "clientId": KEY_A}
    if after:
        json["after"] = after
    return num(1, 7) + sub(10, fields), {"id": "7", "submit": json | action_json}


def _text(field: int, text: str) -> bytes:
    return sub(field, sub(1, sub(1, sub(1, text))))


CASES: list[Case] = [
    (
        "hello",
        "4.1",
        "Opens a session.",
        num(1, 1) + sub(2, num(1, 1), sub(2, "token"), sub(3, "vectors/1"), num(4, 20000)),
        {"id": "1", "hello": {"protocol": 1, "token": "token", "client": "vectors/1", "heartbeatMs": 20000}},
    ),
    (
        "hello_minimal",
        "4.1",
        "Only the version and the token; the server chooses the heartbeat.",
        num(1, 1) + sub(2, num(1, 1), sub(2, "t0k")),
        {"id": "1", "hello": {"protocol": 1, "token": "t0k"}},
    ),
    (
        "hello_resume",
        "9.1",
        "Opens a session and says what the client holds.",
        num(1, 1)
        + sub(
            2,
            num(1, 1),
            sub(2, "token"),
            sub(5, sub(1, "e1"), num(2, 40), sub(3, sub(1, ROOM), num(2, 17)), sub(3, sub(1, OTHER_ROOM), num(2, 203))),
        ),
        {
            "id": "1",
            "hello": {
                "protocol": 1,
                "token": "token",
                "resume": {
                    "epoch": "e1",
                    "userVersion": "40",
                    "have": [{"conversationId": ROOM, "seq": "17"}, {"conversationId": OTHER_ROOM, "seq": "203"}],
                },
            },
        },
    ),
    (
        "hello_resume_nothing_held",
        "9.1",
        "A resume may name no conversation: only own rows are wanted. Seq 0 is a default and absent.",
        num(1, 1) + sub(2, num(1, 1), sub(2, "token"), sub(5, sub(1, "e1"), sub(3, sub(1, ROOM)))),
        {
            "id": "1",
            "hello": {"protocol": 1, "token": "token", "resume": {"epoch": "e1", "have": [{"conversationId": ROOM}]}},
        },
    ),
    ("ping", "4.10", "A heartbeat with data.", num(1, 2) + sub(3, sub(1, "hi")), {"id": "2", "ping": {"data": "aGk="}}),
    ("ping_empty", "4.10", "A heartbeat without data.", num(1, 1) + sub(3), {"id": "1", "ping": {}}),
    (
        "ping_without_id",
        "5.5",
        "A ping may leave its id 0.",
        sub(3, sub(1, b"\xff\x00")),
        {"ping": {"data": "/wA="}},
    ),
    ("pong", "4.10", "The answer to the server's ping.", sub(4, sub(1, "x")), {"pong": {"data": "eA=="}}),
    (
        "reauthenticate",
        "4.12",
        "A new token before the old one ends.",
        num(1, 3) + sub(5, sub(1, "new")),
        {"id": "3", "reauthenticate": {"token": "new"}},
    ),
    ("logout", "4.15", "Ends the login.", num(1, 4) + sub(6), {"id": "4", "logout": {}}),
    (
        "submit_text",
        "6.1",
        "A message.",
        *_submit(_text(11, "Soft!"), {"message": {"body": {"text": {"text": "Soft!"}}}}),
    ),
    (
        "submit_text_unicode",
        "6.15",
        "Emoji outside the BMP, Chinese, a right-to-left mark and a combining accent travel as they are.",
        *_submit(
            _text(11, "\U0001f44d 你好 ‏שלום é"),
            {"message": {"body": {"text": {"text": "\U0001f44d 你好 ‏שלום é"}}}},
        ),
    ),
    (
        "submit_after",
        "6.8",
        "A message that must follow another of the same sender.",
        *_submit(_text(11, "B"), {"message": {"body": {"text": {"text": "B"}}}}, after=KEY_B),
    ),
    (
        "submit_reply_in_thread_with_mentions",
        "6.11",
        "Quotes message 3, belongs to the thread of 2, is shown in the conversation too, mentions two people and all.",
        *_submit(
            sub(
                11,
                sub(1, sub(1, sub(1, "look"))),
                num(2, 3),
                num(3, 2),
                num(4, 1),
                sub(5, JULIET),
                sub(5, MERCUTIO),
                num(6, 1),
            ),
            {
                "message": {
                    "body": {"text": {"text": "look"}},
                    "replyToSeq": "3",
                    "threadSeq": "2",
                    "alsoInConversation": True,
                    "mentions": [JULIET, MERCUTIO],
                    "mentionAll": True,
                }
            },
        ),
    ),
    (
        "submit_custom",
        "6.14",
        "A JSON value of the program's own, with a text for clients that do not know it.",
        *_submit(
            sub(11, sub(1, sub(2, sub(1, "chess.move"), sub(2, '{"to":"e4"}')), sub(15, "moved to e4"))),
            {"message": {"body": {"custom": {"type": "chess.move", "json": '{"to":"e4"}'}, "fallback": "moved to e4"}}},
        ),
    ),
    (
        "submit_files",
        "6.16",
        "A message with two files, named by their ids; the text may be absent.",
        *_submit(
            sub(11, sub(1, sub(1, sub(1, "look")), sub(4, sub(1, KEY_B)), sub(4, sub(1, KEY_A)))),
            {"message": {"body": {"text": {"text": "look"}, "files": [{"id": KEY_B}, {"id": KEY_A}]}}},
        ),
    ),
    (
        "submit_forward",
        "6.18",
        "A message that passes on message 7 of another conversation, and says nothing of its own.",
        *_submit(
            sub(11, sub(8, sub(1, KEY_B), num(2, 7))),
            {"message": {"forwarded": {"conversationId": KEY_B, "seq": "7"}}},
        ),
    ),
    (
        "submit_edit",
        "6.11",
        "A new body for message 5, which now mentions Juliet.",
        *_submit(
            sub(12, num(1, 5), sub(2, sub(1, sub(1, "softer"))), sub(3, JULIET)),
            {"edit": {"targetSeq": "5", "body": {"text": {"text": "softer"}}, "mentions": [JULIET]}},
        ),
    ),
    ("submit_recall", "6.11", "Takes message 5 back.", *_submit(sub(13, num(1, 5)), {"recall": {"targetSeq": "5"}})),
    (
        "submit_reaction",
        "6.11",
        "Sets a reaction.",
        *_submit(
            sub(14, num(1, 5), sub(2, "\U0001f389"), num(3, 1)),
            {"reaction": {"targetSeq": "5", "emoji": "\U0001f389", "set": True}},
        ),
    ),
    (
        "submit_reaction_unset",
        "6.11",
        "Unsets it: `set` is false, a default, and absent.",
        *_submit(sub(14, num(1, 5), sub(2, "\U0001f389")), {"reaction": {"targetSeq": "5", "emoji": "\U0001f389"}}),
    ),
    (
        "submit_pin",
        "6.11",
        "Pins message 5.",
        *_submit(sub(15, num(1, 5), num(2, 1)), {"pin": {"targetSeq": "5", "set": True}}),
    ),
    (
        "submit_add_members",
        "12.3",
        "Adds two people as admins.",
        *_submit(
            sub(16, num(1, 1), sub(2, JULIET), sub(2, MERCUTIO), num(3, 2)),
            {"memberChange": {"action": "MEMBER_ACTION_ADD", "userIds": [JULIET, MERCUTIO], "role": "ROLE_ADMIN"}},
        ),
    ),
    (
        "submit_mute_member",
        "12.7",
        "Mutes a person until a time.",
        *_submit(
            sub(16, num(1, 9), sub(2, MERCUTIO), num(4, TIME)),
            {"memberChange": {"action": "MEMBER_ACTION_MUTE", "userIds": [MERCUTIO], "mutedUntilMs": str(TIME)}},
        ),
    ),
    (
        "submit_change_title",
        "6.11",
        "Changes the title and clears the topic: an empty but present field is a change.",
        *_submit(sub(17, sub(1, "Verona"), sub(2)), {"conversationChange": {"title": "Verona", "topic": ""}}),
    ),
    (
        "submit_change_settings",
        "6.11",
        "Switches history for newcomers off and slow mode on.",
        *_submit(
            sub(17, num(4, 0), num(5, 1), num(6, 30)),
            {"conversationChange": {"historyForNewcomers": False, "muteAll": True, "slowModeS": 30}},
        ),
    ),
    ("submit_dissolve", "12.8", "Ends the conversation.", *_submit(sub(18), {"dissolve": {}})),
    (
        "create_group",
        "12.2",
        "Makes a group with two others and all of its history for newcomers.",
        num(1, 8) + sub(11, sub(1, KEY_A), num(2, 2), sub(3, "Verona"), sub(5, JULIET), sub(5, MERCUTIO), num(6, 1)),
        {
            "id": "8",
            "createConversation": {
                "clientId": KEY_A,
                "kind": "CONVERSATION_KIND_GROUP",
                "title": "Verona",
                "userIds": [JULIET, MERCUTIO],
                "historyForNewcomers": True,
            },
        },
    ),
    (
        "open_direct",
        "12.1",
        "The private chat with Juliet.",
        num(1, 9) + sub(12, sub(1, JULIET)),
        {"id": "9", "openDirect": {"userId": JULIET}},
    ),
    (
        "join_conversation",
        "12.5",
        "Joins a channel.",
        num(1, 10) + sub(13, sub(1, ROOM)),
        {"id": "10", "joinConversation": {"conversationId": ROOM}},
    ),
    (
        "leave_conversation",
        "12.5",
        "Leaves a group.",
        num(1, 11) + sub(14, sub(1, ROOM), sub(2, KEY_A)),
        {"id": "11", "leaveConversation": {"conversationId": ROOM, "clientId": KEY_A}},
    ),
    (
        "set_mark",
        "14.1",
        "Read up to 17, received up to 19.",
        num(1, 12) + sub(15, sub(1, ROOM), num(2, 17), num(3, 19)),
        {"id": "12", "setMark": {"conversationId": ROOM, "readSeq": "17", "deliveredSeq": "19"}},
    ),
    (
        "schedule",
        "15.1",
        "A message for later.",
        num(1, 13) + sub(16, sub(1, sub(1, ROOM), sub(2, KEY_A), _text(11, "later")), num(2, TIME)),
        {
            "id": "13",
            "schedule": {
                "submit": {
                    "conversationId": ROOM,
                    "clientId": KEY_A,
                    "message": {"body": {"text": {"text": "later"}}},
                },
                "dueMs": str(TIME),
            },
        },
    ),
    (
        "cancel_scheduled",
        "15.4",
        "Takes a scheduled message back.",
        num(1, 14) + sub(17, sub(1, KEY_A), sub(2, ROOM)),
        {"id": "14", "cancelScheduled": {"clientId": KEY_A, "conversationId": ROOM}},
    ),
    (
        "list_scheduled",
        "15.3",
        "What waits, ten at a time, from a cursor on.",
        num(1, 15) + sub(18, sub(1, "c"), num(2, 10)),
        {"id": "15", "listScheduled": {"cursor": "c", "limit": 10}},
    ),
    (
        "hide_message",
        "10.16",
        "Delete for me.",
        num(1, 16) + sub(19, sub(1, ROOM), num(2, 5)),
        {"id": "16", "hideMessage": {"conversationId": ROOM, "seq": "5"}},
    ),
    (
        "set_typing",
        "16.2",
        "The user types; an id is not needed.",
        sub(20, sub(1, ROOM), num(2, 1)),
        {"setTyping": {"conversationId": ROOM, "typing": True}},
    ),
    (
        "get_entries",
        "8.4",
        "Entries above 17; tag 30 takes two bytes.",
        num(1, 17) + sub(30, sub(1, ROOM), num(2, 17), num(3, 100)),
        {"id": "17", "getEntries": {"conversationId": ROOM, "afterSeq": "17", "limit": 100}},
    ),
    (
        "get_history_newest",
        "10.2",
        "The newest page.",
        num(1, 18) + sub(31, sub(1, ROOM)),
        {"id": "18", "getHistory": {"conversationId": ROOM}},
    ),
    (
        "get_history_thread",
        "10.4",
        "The page before 300 of the thread that message 2 opened.",
        num(1, 19) + sub(31, sub(1, ROOM), num(2, 300), num(5, 20), num(6, 2)),
        {"id": "19", "getHistory": {"conversationId": ROOM, "beforeSeq": "300", "limit": 20, "threadSeq": "2"}},
    ),
    (
        "list_conversations",
        "11.2",
        "The first page.",
        num(1, 20) + sub(32),
        {"id": "20", "listConversations": {}},
    ),
    (
        "get_conversation",
        "14.6",
        "One conversation afresh.",
        num(1, 21) + sub(42, sub(1, ROOM)),
        {"id": "21", "getConversation": {"conversationId": ROOM}},
    ),
    (
        "list_members",
        "10.12",
        "A page of members.",
        num(1, 22) + sub(33, sub(1, ROOM), num(3, 50)),
        {"id": "22", "listMembers": {"conversationId": ROOM, "limit": 50}},
    ),
    (
        "get_user_state",
        "11.5",
        "Own rows changed since version 42.",
        num(1, 23) + sub(34, num(1, 42)),
        {"id": "23", "getUserState": {"sinceVersion": "42"}},
    ),
    (
        "find_users",
        "16.6",
        "People by a part of their name.",
        num(1, 24) + sub(35, sub(1, "rom")),
        {"id": "24", "findUsers": {"query": "rom"}},
    ),
    (
        "get_users",
        "16.6",
        "People by id and by name.",
        num(1, 25) + sub(36, sub(1, ROMEO), sub(2, "juliet")),
        {"id": "25", "getUsers": {"userIds": [ROMEO], "usernames": ["juliet"]}},
    ),
    ("list_online", "16.5", "Who is online.", num(1, 26) + sub(37), {"id": "26", "listOnline": {}}),
    (
        "watch_presence",
        "16.4",
        "Follow two people.",
        num(1, 27) + sub(38, sub(1, ROMEO), sub(1, JULIET)),
        {"id": "27", "watchPresence": {"userIds": [ROMEO, JULIET]}},
    ),
    ("get_server_info", "5", "Name, version and time.", num(1, 28) + sub(39), {"id": "28", "getServerInfo": {}}),
    (
        "list_channels",
        "12.1",
        "Public channels with a text in their title.",
        num(1, 29) + sub(40, sub(3, "gen")),
        {"id": "29", "listChannels": {"query": "gen"}},
    ),
    (
        "get_edits",
        "10.15",
        "The versions of message 5.",
        num(1, 30) + sub(41, sub(1, ROOM), num(2, 5)),
        {"id": "30", "getEdits": {"conversationId": ROOM, "targetSeq": "5"}},
    ),
    (
        "set_own",
        "11.8",
        "Pin a conversation, put it into a folder, and be told of mentions only.",
        num(1, 31) + sub(21, sub(1, ROOM), num(2, 1), sub(6, "work"), num(7, 2)),
        {
            "id": "31",
            "setOwn": {"conversationId": ROOM, "pinned": True, "folder": "work", "notify": "NOTIFY_MENTIONS"},
        },
    ),
    (
        "set_own_off",
        "11.8",
        "Fields that are there change, also to nothing; an empty draft takes the draft away.",
        num(1, 32) + sub(21, sub(1, ROOM), num(2, 0), num(5, 0), sub(8)),
        {"id": "32", "setOwn": {"conversationId": ROOM, "pinned": False, "mutedUntilMs": "0", "draft": {}}},
    ),
    (
        "set_own_draft",
        "11.8",
        "Keep what is written and not sent.",
        num(1, 33) + sub(21, sub(1, ROOM), sub(8, sub(1, "But so"), num(2, 5))),
        {"id": "33", "setOwn": {"conversationId": ROOM, "draft": {"text": "But so", "replyToSeq": "5"}}},
    ),
    (
        "set_own_thread_draft",
        "11.10",
        "Keep what is written in a thread and not sent.",
        num(1, 35) + sub(21, sub(1, ROOM), sub(9, sub(1, "But so"), num(4, 5))),
        {"id": "35", "setOwn": {"conversationId": ROOM, "threadDraft": {"text": "But so", "threadSeq": "5"}}},
    ),
    (
        "search",
        "10.17",
        "One box.",
        num(1, 34) + sub(43, sub(1, "soft from:romeo 消息"), num(8, 20)),
        {"id": "34", "search": {"query": "soft from:romeo 消息", "limit": 20}},
    ),
    (
        "search_fields",
        "10.18",
        "The filters in fields of their own, and the next page.",
        num(1, 35)
        + sub(
            43,
            sub(2, "me"),
            sub(3, ROOM),
            sub(4, "2026-12-01"),
            sub(5, "2026-11-01T08:00:00Z"),
            sub(6, "file"),
            sub(7, "next"),
        ),
        {
            "id": "35",
            "search": {
                "sender": "me",
                "place": ROOM,
                "before": "2026-12-01",
                "after": "2026-11-01T08:00:00Z",
                "has": "file",
                "cursor": "next",
            },
        },
    ),
    (
        "set_reminder",
        "11.13",
        "Come back to message 5.",
        num(1, 36) + sub(22, sub(1, ROOM), num(2, 5), num(3, TIME), sub(4, "Answer her")),
        {
            "id": "36",
            "setReminder": {"conversationId": ROOM, "seq": "5", "dueMs": str(TIME), "note": "Answer her"},
        },
    ),
    (
        "set_reminder_off",
        "11.13",
        "Be done with it.",
        num(1, 37) + sub(22, sub(1, ROOM), num(2, 5)),
        {"id": "37", "setReminder": {"conversationId": ROOM, "seq": "5"}},
    ),
    (
        "list_reminders",
        "11.13",
        "What is due and what waits.",
        num(1, 38) + sub(44, num(2, 10)),
        {"id": "38", "listReminders": {"limit": 10}},
    ),
    (
        "largest_id",
        "5.1",
        "An id of 64 bits: a JSON string loses nothing.",
        num(1, 2**64 - 1) + sub(3),
        {"id": "18446744073709551615", "ping": {}},
    ),
]
