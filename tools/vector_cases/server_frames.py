"""Frames a server sends: (name, section of protocol.md, meaning, protobuf fields, JSON)."""

from __future__ import annotations

from typing import Any

from .client_frames import Case
from .entry_frames import CASES as ENTRIES
from .protobuf import (
    DEVICE,
    EPOCH,
    JULIET,
    KEY_A,
    MERCUTIO,
    OTHER_ROOM,
    ROMEO,
    ROOM,
    SESSION,
    TIME,
    num,
    sub,
)

_STATE = sub(1, ROOM) + num(2, 2) + sub(3, "Verona") + num(7, 1) + num(10, 3) + num(20, 12) + num(21, TIME)
_STATE_OF_ROMEO = num(30, 1) + num(31, 3) + sub(32, num(1, 1)) + num(33, 10) + num(34, 12) + num(35, 2) + num(38, 42)
_STATE_JSON: dict[str, Any] = {
    "conversationId": ROOM,
    "kind": "CONVERSATION_KIND_GROUP",
    "title": "Verona",
    "historyForNewcomers": True,
    "memberCount": 3,
    "asOf": "12",
    "lastTimeMs": str(TIME),
    "state": "MEMBER_STATE_JOINED",
    "role": "ROLE_OWNER",
    "intervals": [{"fromSeq": "1"}],
    "readSeq": "10",
    "deliveredSeq": "12",
    "unread": 2,
    "version": "42",
}

CASES: list[Case] = [
    (
        "welcome",
        "4.5",
        "The session is open.",
        num(1, 1)
        + sub(
            2,
            sub(1, ROMEO),
            sub(2, DEVICE),
            sub(3, SESSION),
            sub(4, "node-1"),
            sub(5, EPOCH),
            num(6, 42),
            num(7, TIME),
            num(8, 25000),
            num(9, TIME + 900000),
            sub(10, num(1, 262144), num(2, 65536), num(3, 200), num(4, 100)),
        ),
        {
            "replyTo": "1",
            "welcome": {
                "userId": ROMEO,
                "deviceId": DEVICE,
                "sessionId": SESSION,
                "nodeId": "node-1",
                "epoch": EPOCH,
                "userVersion": "42",
                "serverTimeMs": str(TIME),
                "heartbeatMs": 25000,
                "tokenExpiresMs": str(TIME + 900000),
                "limits": {"frameBytes": 262144, "textBytes": 65536, "pageEntries": 200, "pageRows": 100},
            },
        },
    ),
    ("ready", "4.6", "The client is up to date.", sub(9), {"ready": {}}),
    ("ping", "4.10", "The server's heartbeat.", sub(3, sub(1, "\x01")), {"ping": {"data": "AQ=="}}),
    (
        "pong",
        "4.10",
        "The answer to a ping, with the server's time.",
        num(1, 2) + sub(4, sub(1, "hi"), num(2, TIME)),
        {"replyTo": "2", "pong": {"data": "aGk=", "serverTimeMs": str(TIME)}},
    ),
    (
        "error",
        "18.1",
        "A request was refused; the same one may succeed in 1.5 s.",
        num(1, 7) + sub(5, sub(1, "rate_limited"), sub(2, "Too many requests."), num(3, 1), num(4, 1500)),
        {
            "replyTo": "7",
            "error": {"code": "rate_limited", "message": "Too many requests.", "retry": True, "retryAfterMs": 1500},
        },
    ),
    (
        "error_of_the_connection",
        "4.16",
        "Why the connection ends.",
        sub(5, sub(1, "session_ended"), sub(2, "The login was ended.")),
        {"error": {"code": "session_ended", "message": "The login was ended."}},
    ),
    (
        "error_unknown_code",
        "19.6",
        "A code made after this client: `retry` says what to do.",
        num(1, 7) + sub(5, sub(1, "made_in_2031"), num(3, 1)),
        {"replyTo": "7", "error": {"code": "made_in_2031", "retry": True}},
    ),
    ("done", "5", "Done.", num(1, 12) + sub(6), {"replyTo": "12", "done": {}}),
    (
        "goaway",
        "4.17",
        "Please move within ten seconds.",
        sub(7, sub(1, "drain"), num(2, 10000), sub(3, "wss://n2.example/ws")),
        {"goaway": {"reason": "drain", "withinMs": 10000, "url": "wss://n2.example/ws"}},
    ),
    (
        "reset",
        "9.6",
        "The log is another one.",
        sub(8, sub(1, EPOCH), sub(2, "epoch_changed")),
        {"reset": {"epoch": EPOCH, "reason": "epoch_changed"}},
    ),
    (
        "submitted_accepted",
        "6.2",
        "Stored durably.",
        num(1, 7) + sub(10, num(1, 1), sub(2, ROOM), sub(3, KEY_A), num(4, 5), num(5, TIME)),
        {
            "replyTo": "7",
            "submitted": {
                "status": "SUBMIT_STATUS_ACCEPTED",
                "conversationId": ROOM,
                "clientId": KEY_A,
                "seq": "5",
                "timeMs": str(TIME),
            },
        },
    ),
    (
        "submitted_repeated",
        "6.7",
        "It had been stored before.",
        num(1, 7) + sub(10, num(1, 1), sub(2, ROOM), sub(3, KEY_A), num(4, 5), num(5, TIME), num(7, 1)),
        {
            "replyTo": "7",
            "submitted": {
                "status": "SUBMIT_STATUS_ACCEPTED",
                "conversationId": ROOM,
                "clientId": KEY_A,
                "seq": "5",
                "timeMs": str(TIME),
                "repeated": True,
            },
        },
    ),
    (
        "submitted_rejected",
        "6.6",
        "The client_id was used for something else: final.",
        num(1, 7) + sub(10, num(1, 2), sub(2, ROOM), sub(3, KEY_A), sub(6, sub(1, "conflict"))),
        {
            "replyTo": "7",
            "submitted": {
                "status": "SUBMIT_STATUS_REJECTED",
                "conversationId": ROOM,
                "clientId": KEY_A,
                "error": {"code": "conflict"},
            },
        },
    ),
    (
        "submitted_unknown",
        "6.2",
        "Nobody can tell: send it again.",
        num(1, 7) + sub(10, num(1, 3), sub(2, ROOM), sub(3, KEY_A), sub(6, sub(1, "unknown_outcome"), num(3, 1))),
        {
            "replyTo": "7",
            "submitted": {
                "status": "SUBMIT_STATUS_UNKNOWN",
                "conversationId": ROOM,
                "clientId": KEY_A,
                "error": {"code": "unknown_outcome", "retry": True},
            },
        },
    ),
    (
        "history_page",
        "10.3",
        "A message in its current state, and a line.",
        num(1, 18)
        + sub(
            31,
            sub(1, ROOM),
            num(2, 1),
            num(3, 12),
            num(4, 12),
            sub(5, sub(2, sub(1, ROOM), num(2, 1), num(3, TIME), sub(4, ROMEO), sub(10, num(1, 2)))),
            sub(
                5,
                sub(
                    1,
                    num(1, 5),
                    num(2, TIME),
                    sub(3, ROMEO),
                    sub(4, KEY_A),
                    sub(5, sub(1, sub(1, sub(1, "softer")))),
                    num(7, 1),
                    num(8, TIME + 1),
                    num(9, 1),
                    sub(10, sub(1, "\U0001f44d"), num(2, 2), sub(3, ROMEO), sub(3, JULIET), num(4, 1)),
                    num(11, 1),
                    num(12, 9),
                ),
            ),
        ),
        {
            "replyTo": "18",
            "historyPage": {
                "conversationId": ROOM,
                "fromSeq": "1",
                "toSeq": "12",
                "asOf": "12",
                "items": [
                    {
                        "entry": {
                            "conversationId": ROOM,
                            "seq": "1",
                            "timeMs": str(TIME),
                            "senderId": ROMEO,
                            "created": {"kind": "CONVERSATION_KIND_GROUP"},
                        }
                    },
                    {
                        "message": {
                            "seq": "5",
                            "timeMs": str(TIME),
                            "senderId": ROMEO,
                            "clientId": KEY_A,
                            "message": {"body": {"text": {"text": "softer"}}},
                            "edits": 1,
                            "editedMs": str(TIME + 1),
                            "pinned": True,
                            "reactions": [
                                {"emoji": "\U0001f44d", "count": 2, "userIds": [ROMEO, JULIET], "mine": True}
                            ],
                            "threadReplies": 1,
                            "threadLastSeq": "9",
                        }
                    },
                ],
            },
        },
    ),
    (
        "history_page_recalled",
        "10.7",
        "A recalled message, and more on both sides.",
        num(1, 18)
        + sub(
            31,
            sub(1, ROOM),
            num(2, 5),
            num(3, 5),
            num(4, 12),
            sub(5, sub(1, num(1, 5), num(2, TIME), sub(3, ROMEO), sub(4, KEY_A), sub(5, num(7, 1)), num(6, 1))),
            num(6, 1),
            num(7, 1),
        ),
        {
            "replyTo": "18",
            "historyPage": {
                "conversationId": ROOM,
                "fromSeq": "5",
                "toSeq": "5",
                "asOf": "12",
                "items": [
                    {
                        "message": {
                            "seq": "5",
                            "timeMs": str(TIME),
                            "senderId": ROMEO,
                            "clientId": KEY_A,
                            "message": {"withdrawn": True},
                            "recalled": True,
                        }
                    }
                ],
                "moreBefore": True,
                "moreAfter": True,
            },
        },
    ),
    (
        "edit_page",
        "10.15",
        "Two versions of a message.",
        num(1, 30)
        + sub(
            38,
            sub(1, num(1, 5), num(2, TIME), sub(3, sub(1, sub(1, "Soft!")))),
            sub(1, num(1, 9), num(2, TIME + 1), sub(3, sub(1, sub(1, "softer")))),
        ),
        {
            "replyTo": "30",
            "editPage": {
                "revisions": [
                    {"seq": "5", "timeMs": str(TIME), "body": {"text": {"text": "Soft!"}}},
                    {"seq": "9", "timeMs": str(TIME + 1), "body": {"text": {"text": "softer"}}},
                ]
            },
        },
    ),
    (
        "conversation",
        "11.1",
        "A group as its owner sees it; the interval has no end.",
        num(1, 8) + sub(11, _STATE, _STATE_OF_ROMEO),
        {"replyTo": "8", "conversation": _STATE_JSON},
    ),
    (
        "conversation_counts_capped",
        "14.6",
        "More than 99 unread; a private chat names the other person.",
        num(1, 9)
        + sub(11, sub(1, ROOM), num(2, 1), sub(11, JULIET), num(20, 900), num(30, 1), num(35, 100), num(36, 3)),
        {
            "replyTo": "9",
            "conversation": {
                "conversationId": ROOM,
                "kind": "CONVERSATION_KIND_DIRECT",
                "peerId": JULIET,
                "asOf": "900",
                "state": "MEMBER_STATE_JOINED",
                "unread": 100,
                "mentions": 3,
            },
        },
    ),
    (
        "conversation_own",
        "11.8",
        "What the person keeps of it: pinned, muted for ever, in a folder, with a draft, and one in a thread.",
        num(1, 10)
        + sub(
            11,
            sub(1, ROOM),
            num(38, 43),
            sub(
                39,
                num(1, 1),
                num(4, 2**53 - 1),
                sub(5, "work"),
                num(6, 3),
                sub(7, sub(1, "But so"), num(2, 5), num(3, TIME)),
                sub(8, sub(1, "Ay me"), num(3, TIME), num(4, 9)),
            ),
        ),
        {
            "replyTo": "10",
            "conversation": {
                "conversationId": ROOM,
                "version": "43",
                "own": {
                    "pinned": True,
                    "mutedUntilMs": str(2**53 - 1),
                    "folder": "work",
                    "notify": "NOTIFY_NOTHING",
                    "draft": {"text": "But so", "replyToSeq": "5", "timeMs": str(TIME)},
                    "threadDrafts": [{"text": "Ay me", "timeMs": str(TIME), "threadSeq": "9"}],
                },
            },
        },
    ),
    (
        "search_page",
        "10.19",
        "One message, in pieces, a person and a conversation.",
        num(1, 34)
        + sub(
            39,
            sub(
                1,
                sub(1, ROOM),
                num(2, 12),
                num(3, TIME),
                sub(4, JULIET),
                num(6, 1),
                sub(7, sub(1, "But ")),
                sub(7, sub(1, "soft"), num(2, 1)),
            ),
            sub(2, sub(1, JULIET), sub(2, "juliet")),
            sub(3, _STATE, _STATE_OF_ROMEO),
            sub(4, "next"),
        ),
        {
            "replyTo": "34",
            "searchPage": {
                "messages": [
                    {
                        "conversationId": ROOM,
                        "seq": "12",
                        "timeMs": str(TIME),
                        "senderId": JULIET,
                        "hasFile": True,
                        "snippet": [{"text": "But "}, {"text": "soft", "hit": True}],
                    }
                ],
                "people": [{"userId": JULIET, "username": "juliet"}],
                "conversations": [_STATE_JSON],
                "nextCursor": "next",
            },
        },
    ),
    (
        "conversation_page",
        "11.2",
        "One conversation and a cursor for the next.",
        num(1, 20) + sub(32, sub(1, _STATE, _STATE_OF_ROMEO), sub(2, "next")),
        {"replyTo": "20", "conversationPage": {"conversations": [_STATE_JSON], "nextCursor": "next"}},
    ),
    (
        "member_page",
        "10.12",
        "Two members, the second muted.",
        num(1, 22)
        + sub(
            33,
            num(1, 12),
            sub(2, sub(1, ROMEO), num(2, 3), num(3, 1), num(4, 10), num(5, 12)),
            sub(2, sub(1, MERCUTIO), num(2, 1), num(3, 1), num(6, TIME)),
        ),
        {
            "replyTo": "22",
            "memberPage": {
                "asOf": "12",
                "members": [
                    {
                        "userId": ROMEO,
                        "role": "ROLE_OWNER",
                        "state": "MEMBER_STATE_JOINED",
                        "readSeq": "10",
                        "deliveredSeq": "12",
                    },
                    {
                        "userId": MERCUTIO,
                        "role": "ROLE_MEMBER",
                        "state": "MEMBER_STATE_JOINED",
                        "mutedUntilMs": str(TIME),
                    },
                ],
            },
        },
    ),
    (
        "user_state",
        "11.5",
        "Rows changed since 40, and there is more.",
        num(1, 23) + sub(34, num(1, 40), num(2, 42), sub(3, _STATE, _STATE_OF_ROMEO), num(4, 1)),
        {
            "replyTo": "23",
            "userState": {"sinceVersion": "40", "version": "42", "conversations": [_STATE_JSON], "more": True},
        },
    ),
    (
        "user_changed_removed",
        "11.6",
        "The person was removed: entries 5 to 9 and 14 to 20 stay readable.",
        sub(
            51,
            num(1, 42),
            num(2, 43),
            sub(
                3,
                sub(1, ROOM),
                num(2, 2),
                num(20, 20),
                num(30, 3),
                sub(32, num(1, 5), num(2, 9)),
                sub(32, num(1, 14), num(2, 20)),
                num(38, 43),
            ),
        ),
        {
            "userChanged": {
                "sinceVersion": "42",
                "version": "43",
                "conversations": [
                    {
                        "conversationId": ROOM,
                        "kind": "CONVERSATION_KIND_GROUP",
                        "asOf": "20",
                        "state": "MEMBER_STATE_REMOVED",
                        "intervals": [{"fromSeq": "5", "toSeq": "9"}, {"fromSeq": "14", "toSeq": "20"}],
                        "version": "43",
                    }
                ],
            }
        },
    ),
    (
        "user_changed_join_requests",
        "12.10",
        "Three people wait to be let in; the person leads the group.",
        sub(
            51,
            num(1, 43),
            num(2, 44),
            sub(3, sub(1, ROOM), num(2, 2), num(20, 20), num(30, 1), num(31, 2), num(38, 44), num(41, 3)),
        ),
        {
            "userChanged": {
                "sinceVersion": "43",
                "version": "44",
                "conversations": [
                    {
                        "conversationId": ROOM,
                        "kind": "CONVERSATION_KIND_GROUP",
                        "asOf": "20",
                        "state": "MEMBER_STATE_JOINED",
                        "role": "ROLE_ADMIN",
                        "version": "44",
                        "joinRequests": 3,
                    }
                ],
            }
        },
    ),
    (
        "user_changed_contact",
        "11.11",
        "Somebody has asked to be a contact; another was blocked.",
        sub(
            51,
            num(1, 43),
            num(2, 45),
            sub(5, sub(1, JULIET), num(2, 2), sub(6, "By moonlight"), num(7, TIME), num(8, 44)),
            sub(5, sub(1, MERCUTIO), num(2, 3), num(3, 1), sub(4, "Him"), sub(5, "friends"), num(7, TIME), num(8, 45)),
        ),
        {
            "userChanged": {
                "sinceVersion": "43",
                "version": "45",
                "contacts": [
                    {
                        "userId": JULIET,
                        "state": "CONTACT_STATE_ASKING",
                        "note": "By moonlight",
                        "timeMs": str(TIME),
                        "version": "44",
                    },
                    {
                        "userId": MERCUTIO,
                        "state": "CONTACT_STATE_ACCEPTED",
                        "blocked": True,
                        "name": "Him",
                        "group": "friends",
                        "timeMs": str(TIME),
                        "version": "45",
                    },
                ],
            }
        },
    ),
    (
        "user_changed_reminder",
        "11.13",
        "The time of one reminder has come; another was taken away.",
        sub(
            51,
            num(1, 45),
            num(2, 47),
            sub(6, sub(1, ROOM), num(2, 5), num(3, TIME), sub(4, "Answer her"), num(5, 1), num(6, 46)),
            sub(6, sub(1, ROOM), num(2, 7), num(6, 47)),
        ),
        {
            "userChanged": {
                "sinceVersion": "45",
                "version": "47",
                "reminders": [
                    {
                        "conversationId": ROOM,
                        "seq": "5",
                        "dueMs": str(TIME),
                        "note": "Answer her",
                        "due": True,
                        "version": "46",
                    },
                    {"conversationId": ROOM, "seq": "7", "version": "47"},
                ],
            }
        },
    ),
    (
        "reminder_page",
        "11.13",
        "One that waits, and more.",
        num(1, 38) + sub(40, sub(1, sub(1, ROOM), num(2, 5), num(3, TIME), num(6, 45)), sub(2, "next")),
        {
            "replyTo": "38",
            "reminderPage": {
                "reminders": [{"conversationId": ROOM, "seq": "5", "dueMs": str(TIME), "version": "45"}],
                "nextCursor": "next",
            },
        },
    ),
    (
        "marks",
        "14.7",
        "Two people have read and received.",
        sub(52, sub(1, ROOM), sub(2, sub(1, ROMEO), num(2, 5), num(3, 7)), sub(2, sub(1, JULIET), num(3, 7))),
        {
            "marks": {
                "conversationId": ROOM,
                "marks": [
                    {"userId": ROMEO, "readSeq": "5", "deliveredSeq": "7"},
                    {"userId": JULIET, "deliveredSeq": "7"},
                ],
            }
        },
    ),
    (
        "typing",
        "16.2",
        "Juliet types.",
        sub(53, sub(1, ROOM), sub(2, JULIET), num(3, 1)),
        {"typing": {"conversationId": ROOM, "userId": JULIET, "typing": True}},
    ),
    (
        "presence",
        "16.3",
        "Juliet's connection dropped.",
        sub(54, sub(1, JULIET), num(2, 3), num(3, TIME)),
        {"presence": {"userId": JULIET, "state": "PRESENCE_STATE_DROPPED", "lastSeenMs": str(TIME)}},
    ),
    (
        "profile_changed",
        "16.7",
        "Somebody one watches is called another way.",
        sub(57, sub(1, JULIET), sub(2, "juliet"), sub(3, "Juliet Montague")),
        {"profileChanged": {"userId": JULIET, "username": "juliet", "displayName": "Juliet Montague"}},
    ),
    (
        "signed_in",
        "16.8",
        "Somebody signed in from a device that is new.",
        sub(58, sub(1, SESSION), sub(2, "Firefox on Linux"), sub(3, "192.0.2.7"), num(4, TIME)),
        {
            "signedIn": {
                "loginId": SESSION,
                "deviceName": "Firefox on Linux",
                "address": "192.0.2.7",
                "timeMs": str(TIME),
            }
        },
    ),
    (
        "emoji_changed",
        "16.9",
        "The place's own emoji are others.",
        sub(59, num(1, 7)),
        {"emojiChanged": {"version": "7"}},
    ),
    (
        "presence_page",
        "16.5",
        "Who is online.",
        num(1, 26) + sub(36, sub(1, sub(1, ROMEO), num(2, 1))),
        {"replyTo": "26", "presencePage": {"presences": [{"userId": ROMEO, "state": "PRESENCE_STATE_ONLINE"}]}},
    ),
    (
        "heads",
        "8.8",
        "Two conversations have at least these entries.",
        sub(55, sub(1, sub(1, ROOM), num(2, 130)), sub(1, sub(1, OTHER_ROOM), num(2, 2))),
        {"heads": {"heads": [{"conversationId": ROOM, "seq": "130"}, {"conversationId": OTHER_ROOM, "seq": "2"}]}},
    ),
    ("resync", "8.9", "Pushes were left out.", sub(56), {"resync": {}}),
    (
        "user_page",
        "16.6",
        "A person.",
        num(1, 25) + sub(35, sub(1, sub(1, ROMEO), sub(2, "romeo"), sub(3, "罗密欧"), num(5, 1))),
        {
            "replyTo": "25",
            "userPage": {"users": [{"userId": ROMEO, "username": "romeo", "displayName": "罗密欧", "bot": True}]},
        },
    ),
    (
        "server_info",
        "5",
        "The server.",
        num(1, 28) + sub(37, sub(1, "hubbub"), sub(2, "0.1.0"), num(3, TIME), sub(4, "node-1"), sub(5, EPOCH)),
        {
            "replyTo": "28",
            "serverInfo": {
                "name": "hubbub",
                "version": "0.1.0",
                "serverTimeMs": str(TIME),
                "nodeId": "node-1",
                "epoch": EPOCH,
            },
        },
    ),
    (
        "scheduled_page",
        "15.3",
        "One waits, one was refused when it came due.",
        num(1, 15)
        + sub(
            12,
            sub(1, sub(1, sub(1, ROOM), sub(2, KEY_A), sub(11, sub(1, sub(1, sub(1, "later"))))), num(2, TIME)),
            sub(
                1,
                sub(1, sub(1, OTHER_ROOM), sub(2, KEY_A), sub(11, sub(1, sub(1, sub(1, "never"))))),
                num(2, TIME),
                sub(3, sub(1, "not_a_member")),
            ),
        ),
        {
            "replyTo": "15",
            "scheduledPage": {
                "scheduled": [
                    {
                        "submit": {
                            "conversationId": ROOM,
                            "clientId": KEY_A,
                            "message": {"body": {"text": {"text": "later"}}},
                        },
                        "dueMs": str(TIME),
                    },
                    {
                        "submit": {
                            "conversationId": OTHER_ROOM,
                            "clientId": KEY_A,
                            "message": {"body": {"text": {"text": "never"}}},
                        },
                        "dueMs": str(TIME),
                        "error": {"code": "not_a_member"},
                    },
                ]
            },
        },
    ),
    *ENTRIES,
]
