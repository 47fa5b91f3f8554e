"""Client frames in a form nobody should write and every server reads: (name, section, meaning, bytes or text, JSON).

The last column is the canonical JSON of the frame that is read.
"""

from __future__ import annotations

from typing import Any

from .protobuf import ROOM, num, sub

Case = tuple[str, str, str, bytes | str, dict[str, Any]]

CASES: list[Case] = [
    (
        "unknown_field_of_the_frame",
        "19.2",
        "A field made later is ignored.",
        num(1, 1) + sub(3) + sub(99, "later"),
        {"id": "1", "ping": {}},
    ),
    (
        "unknown_field_inside",
        "19.2",
        "So is one inside a body.",
        num(1, 1) + sub(31, sub(1, ROOM), num(77, 5)),
        {"id": "1", "getHistory": {"conversationId": ROOM}},
    ),
    (
        "fields_out_of_order",
        "19.2",
        "Fields may come in any order.",
        sub(3, sub(1, "hi")) + num(1, 1),
        {"id": "1", "ping": {"data": "aGk="}},
    ),
    (
        "default_values_written",
        "3.6",
        "A default value may be written.",
        num(1, 0) + sub(3, sub(1, "")),
        {"ping": {}},
    ),
    (
        "the_last_of_two",
        "19.2",
        "Of a field that comes twice the last one holds.",
        num(1, 1) + num(1, 2) + sub(3),
        {"id": "2", "ping": {}},
    ),
    (
        "varint_longer_than_needed",
        "3.4",
        "A varint may be longer than it need be.",
        b"\x08\x81\x00" + sub(3),
        {"id": "1", "ping": {}},
    ),
    (
        "json_original_names",
        "3.6",
        "Original field names are read.",
        '{"id":"1","list_online":{}}',
        {"id": "1", "listOnline": {}},
    ),
    ("json_number_for_uint64", "3.6", "A number is read.", '{"id":1,"ping":{}}', {"id": "1", "ping": {}}),
    (
        "json_enum_by_number",
        "3.6",
        "An enum is read by its number.",
        '{"id":"1","createConversation":{"kind":3}}',
        {"id": "1", "createConversation": {"kind": "CONVERSATION_KIND_CHANNEL"}},
    ),
    (
        "json_null_is_the_default",
        "3.6",
        "null means absent.",
        '{"id":"1","getHistory":{"conversationId":null}}',
        {"id": "1", "getHistory": {}},
    ),
    (
        "json_unknown_field",
        "19.2",
        "Unknown fields are ignored.",
        '{"id":"1","ping":{"later":[1,{}]},"later":true}',
        {"id": "1", "ping": {}},
    ),
    (
        "json_white_space",
        "3.6",
        "White space is nothing.",
        ' {\n\t"id" : "1" , "ping" : { } } ',
        {"id": "1", "ping": {}},
    ),
    (
        "json_escapes",
        "3.6",
        "Escapes, a surrogate pair among them.",
        '{"id":"1","findUsers":{"query":"\\ud83d\\udc4d\\u4f60\\n"}}',
        {"id": "1", "findUsers": {"query": "\U0001f44d你\n"}},
    ),
]
