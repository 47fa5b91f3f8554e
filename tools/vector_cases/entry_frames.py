"""Pushes and pages of entries, one per kind of entry: (name, section, meaning, protobuf fields, JSON)."""

from __future__ import annotations

from typing import Any

from .client_frames import Case
from .protobuf import JULIET, KEY_A, MERCUTIO, ROMEO, ROOM, TIME, num, sub


def _entry(kind: bytes, kind_json: dict[str, Any], *, seq: int = 5) -> tuple[bytes, dict[str, Any]]:
    """A push that covers the one entry it brings, written by Romeo."""
    entry = sub(1, ROOM) + num(2, seq) + num(3, TIME) + sub(4, ROMEO) + sub(5, KEY_A) + kind
    page = sub(1, ROOM) + num(2, seq) + num(3, seq) + num(4, seq) + sub(5, entry)
    entry_json = {
        "conversationId": ROOM,
        "seq": str(seq),
        "timeMs": str(TIME),
        "senderId": ROMEO,
        "clientId": KEY_A,
    } | kind_json
    page_json = {"conversationId": ROOM, "fromSeq": str(seq), "toSeq": str(seq), "asOf": str(seq)}
    return sub(50, page), {"entries": page_json | {"entries": [entry_json]}}


CASES: list[Case] = [
    (
        "entry_message",
        "7.1",
        "A message arrives.",
        *_entry(sub(11, sub(1, sub(1, sub(1, "Soft!")))), {"message": {"body": {"text": {"text": "Soft!"}}}}),
    ),
    (
        "entry_message_files",
        "6.16",
        "A message without a text that brings a picture: what is known of it is the server's.",
        *_entry(
            sub(
                11,
                sub(
                    1,
                    sub(
                        4,
                        sub(1, KEY_A),
                        sub(2, "balcony.jpg"),
                        sub(3, "image/jpeg"),
                        num(4, 250000),
                        num(5, 1600),
                        num(6, 900),
                        num(7, 1),
                    ),
                ),
            ),
            {
                "message": {
                    "body": {
                        "files": [
                            {
                                "id": KEY_A,
                                "name": "balcony.jpg",
                                "type": "image/jpeg",
                                "sizeBytes": "250000",
                                "width": 1600,
                                "height": 900,
                                "preview": True,
                            }
                        ]
                    }
                }
            },
        ),
    ),
    (
        "entry_message_forwarded",
        "6.18",
        "A message that passes on what Juliet wrote; where she did is not told.",
        *_entry(
            sub(11, sub(1, sub(1, sub(1, "Ay me!"))), sub(8, sub(3, JULIET), num(4, TIME))),
            {
                "message": {
                    "body": {"text": {"text": "Ay me!"}},
                    "forwarded": {"senderId": JULIET, "timeMs": str(TIME)},
                }
            },
        ),
    ),
    (
        "entry_message_withdrawn",
        "7.3",
        "A message read after its recall: no body, the rest stays.",
        *_entry(sub(11, sub(5, JULIET), num(7, 1)), {"message": {"mentions": [JULIET], "withdrawn": True}}),
    ),
    (
        "entry_edit",
        "14.5",
        "An edit, with what the server adds so that mention counts fold.",
        *_entry(
            sub(
                12,
                num(1, 3),
                sub(2, sub(1, sub(1, "softer"))),
                sub(3, JULIET),
                sub(6, MERCUTIO),
                sub(8, ROMEO),
                num(9, 1),
            ),
            {
                "edit": {
                    "targetSeq": "3",
                    "body": {"text": {"text": "softer"}},
                    "mentions": [JULIET],
                    "previousMentions": [MERCUTIO],
                    "targetSenderId": ROMEO,
                    "targetCounts": True,
                }
            },
        ),
    ),
    (
        "entry_recall",
        "14.5",
        "A recall, with what the server adds so that counts fold.",
        *_entry(
            sub(13, num(1, 3), sub(2, ROMEO), num(3, 1), sub(4, JULIET), num(5, 1)),
            {
                "recall": {
                    "targetSeq": "3",
                    "targetSenderId": ROMEO,
                    "targetCounts": True,
                    "targetMentions": [JULIET],
                    "targetMentionAll": True,
                }
            },
        ),
    ),
    (
        "entry_reaction",
        "10.8",
        "A reaction.",
        *_entry(
            sub(14, num(1, 3), sub(2, "\U0001f44d"), num(3, 1)),
            {"reaction": {"targetSeq": "3", "emoji": "\U0001f44d", "set": True}},
        ),
    ),
    ("entry_pin", "10.8", "A pin taken off.", *_entry(sub(15, num(1, 3)), {"pin": {"targetSeq": "3"}})),
    (
        "entry_created",
        "7.1",
        "The first entry of a group.",
        *_entry(
            sub(10, num(1, 2), sub(2, "Verona"), sub(3, ROMEO), sub(3, JULIET)),
            {"created": {"kind": "CONVERSATION_KIND_GROUP", "title": "Verona", "userIds": [ROMEO, JULIET]}},
            seq=1,
        ),
    ),
    (
        "entry_member_change",
        "10.10",
        "Somebody was removed.",
        *_entry(
            sub(16, num(1, 4), sub(2, MERCUTIO)),
            {"memberChange": {"action": "MEMBER_ACTION_REMOVE", "userIds": [MERCUTIO]}},
        ),
    ),
    (
        "entry_conversation_change",
        "10.9",
        "Everybody may speak again.",
        *_entry(sub(17, num(5, 0)), {"conversationChange": {"muteAll": False}}),
    ),
    (
        "entry_kept",
        "12.12",
        "Messages are kept as long as the place says from now on.",
        *_entry(sub(17, num(8, 1)), {"conversationChange": {"keepDays": -1}}),
    ),
    (
        "entry_expired",
        "7.7",
        "What is below 40 was kept long enough, and is gone.",
        *_entry(sub(17, num(9, 40)), {"conversationChange": {"keptFrom": "40"}}),
    ),
    (
        "entry_own_roles",
        "12.11",
        "The conversation has one role of its own from now on.",
        *_entry(
            sub(17, sub(7, sub(1, sub(1, KEY_A), sub(2, "Helper"), sub(3, "send"), sub(3, "pin")))),
            {"conversationChange": {"roles": {"roles": [{"id": KEY_A, "name": "Helper", "rights": ["send", "pin"]}]}}},
        ),
    ),
    (
        "entry_no_own_roles",
        "12.11",
        "It has none any more, which is not the same as that they stay as they are.",
        *_entry(sub(17, sub(7)), {"conversationChange": {"roles": {}}}),
    ),
    (
        "entry_own_role_given",
        "12.11",
        "Somebody has a role of its own in place of member.",
        *_entry(
            sub(16, num(1, 7), sub(2, MERCUTIO), num(3, 1), sub(5, KEY_A)),
            {
                "memberChange": {
                    "action": "MEMBER_ACTION_ROLE",
                    "userIds": [MERCUTIO],
                    "role": "ROLE_MEMBER",
                    "ownRole": KEY_A,
                }
            },
        ),
    ),
    ("entry_dissolved", "12.8", "The end.", *_entry(sub(18), {"dissolved": {}})),
    (
        "entry_by_the_system",
        "7.1",
        "No sender and no client_id: the system wrote it.",
        sub(
            50,
            sub(1, ROOM),
            num(2, 1),
            num(3, 1),
            num(4, 1),
            sub(5, sub(1, ROOM), num(2, 1), num(3, TIME), sub(10, num(1, 3))),
        ),
        {
            "entries": {
                "conversationId": ROOM,
                "fromSeq": "1",
                "toSeq": "1",
                "asOf": "1",
                "entries": [
                    {
                        "conversationId": ROOM,
                        "seq": "1",
                        "timeMs": str(TIME),
                        "created": {"kind": "CONVERSATION_KIND_CHANNEL"},
                    }
                ],
            }
        },
    ),
    (
        "entries_all_withheld",
        "7.5",
        "5, 6 and 7 exist and are not for this person.",
        sub(50, sub(1, ROOM), num(2, 5), num(3, 7), num(4, 7)),
        {"entries": {"conversationId": ROOM, "fromSeq": "5", "toSeq": "7", "asOf": "7"}},
    ),
    (
        "entry_page_reset",
        "9.7",
        "Too much is missing.",
        num(1, 17) + sub(30, sub(1, ROOM), num(2, 5001), num(3, 5000), num(4, 5000), num(6, 1)),
        {
            "replyTo": "17",
            "entryPage": {
                "conversationId": ROOM,
                "fromSeq": "5001",
                "toSeq": "5000",
                "asOf": "5000",
                "reset": True,
            },
        },
    ),
]
