"""Ids: their form, their order, and that a pair of people has one."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.ids import direct_id, new_id, parse_id

ids = st.uuids().map(lambda value: value.hex)


def test_a_new_id_is_a_version_7_uuid() -> None:
    made = uuid.UUID(new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122


def test_ids_are_not_the_clock() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


@given(st.uuids())
def test_every_spelling_of_a_uuid_is_the_same_id(value: uuid.UUID) -> None:
    assert parse_id(str(value)) == parse_id(str(value).upper()) == parse_id(value.hex) == value.hex


@given(st.text(max_size=40))
def test_anything_else_is_refused_or_normalised(text: str) -> None:
    try:
        parsed = parse_id(text)
    except ValueError:
        return
    assert re.fullmatch("[0-9a-f]{32}", parsed)


@pytest.mark.parametrize("text", ["", "0" * 31, "0" * 33, "g" * 32, "é" * 32, "0" * 31 + "\n", "-" * 36])
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_id(text)


@given(ids, ids)
def test_two_people_have_one_private_chat_from_either_side(one: str, other: str) -> None:
    assert direct_id(one, other) == direct_id(other, one)
    assert parse_id(direct_id(one, other))


@given(ids, ids, ids)
def test_different_pairs_have_different_chats(one: str, other: str, third: str) -> None:
    if other != third:
        assert direct_id(one, other) != direct_id(one, third)
