"""The writing thread's memory: never stale, never spoilt, never large."""

from __future__ import annotations

from contracts.script import ANNA, BEN, an_id

from hubbub.chat.model import ConversationKind, ConversationRow, MemberRow
from hubbub.storage.chat.remembered import Remembered


def a_row(id_: str = "", members_version: int = 1, slow_mode_s: int = 0) -> ConversationRow:
    return ConversationRow(
        id_ or an_id(), ConversationKind.GROUP, members_version=members_version, slow_mode_s=slow_mode_s
    )


def test_a_row_is_known_at_its_revision_only() -> None:
    remembered = Remembered()
    row = a_row()
    remembered.keep_conversation(row, 3)
    assert remembered.conversation(row.id, 3) == row
    assert remembered.conversation(row.id, 4) is None
    assert remembered.conversation(an_id(), 3) is None
    row.title = "spoilt"
    known = remembered.conversation(row.id, 3)
    assert known is not None
    assert known.title == ""


def test_members_are_known_at_their_version_only() -> None:
    remembered = Remembered()
    row = a_row()
    remembered.keep_member(row, MemberRow(row.id, ANNA))
    remembered.keep_audience(row, (ANNA, BEN))
    assert remembered.member(row, ANNA) == MemberRow(row.id, ANNA)
    assert remembered.member(row, BEN) is None
    assert remembered.audience(row) == (ANNA, BEN)
    newer = a_row(row.id, members_version=2)
    assert remembered.member(newer, ANNA) is None
    assert remembered.audience(newer) is None
    remembered.keep_member(newer, MemberRow(row.id, BEN))
    assert remembered.member(newer, ANNA) is None


def test_a_member_row_given_out_is_a_copy() -> None:
    remembered = Remembered()
    row = a_row()
    remembered.keep_member(row, MemberRow(row.id, ANNA))
    given = remembered.member(row, ANNA)
    assert given is not None
    given.read_seq = 99
    assert remembered.member(row, ANNA) == MemberRow(row.id, ANNA)


def test_a_forgotten_member_is_read_again() -> None:
    remembered = Remembered()
    row = a_row()
    remembered.keep_member(row, MemberRow(row.id, ANNA))
    remembered.forget_member(row.id, ANNA)
    remembered.forget_member(row.id, BEN)
    assert remembered.member(row, ANNA) is None


def test_members_of_a_slow_conversation_are_not_kept() -> None:
    remembered = Remembered()
    row = a_row(slow_mode_s=10)
    remembered.keep_member(row, MemberRow(row.id, ANNA))
    assert remembered.member(row, ANNA) is None


def test_what_was_longest_unused_goes_first() -> None:
    remembered = Remembered(limit_bytes=50_000)
    rows = [a_row() for _ in range(200)]
    for row in rows:
        remembered.keep_conversation(row, 1)
        for n in range(3):
            remembered.keep_member(row, MemberRow(row.id, f"{n:032x}"))
        remembered.conversation(rows[0].id, 1)
    assert len(remembered) <= 20
    assert remembered.conversation(rows[0].id, 1) is not None
    assert remembered.conversation(rows[-1].id, 1) is not None
    assert remembered.conversation(rows[1].id, 1) is None
