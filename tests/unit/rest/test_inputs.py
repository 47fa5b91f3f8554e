"""What comes in through headers and paths."""

from __future__ import annotations

from enum import Enum
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id, parse_id
from hubbub.chat.model import ConversationKind, MemberAction, MemberState, Role
from hubbub.rest.inputs import client_id_of, ids_of
from hubbub.rest.language import preferred
from hubbub.rest.words import ActionName, Kind, RoleName, State, word


@given(st.text(max_size=256))
def test_any_key_is_a_client_id_and_the_same_one_each_time(key: str) -> None:
    made = client_id_of(key)
    assert parse_id(made) == made
    if key.strip().strip('"'):
        assert client_id_of(key) == made


def test_a_uuid_is_its_own_client_id_however_it_is_given() -> None:
    given_id = new_id()
    hyphens = f"{given_id[:8]}-{given_id[8:12]}-{given_id[12:16]}-{given_id[16:20]}-{given_id[20:]}".upper()
    assert client_id_of("", hyphens) == client_id_of(f'"{hyphens}"') == client_id_of("other", given_id) == given_id
    with pytest.raises(ChatError) as refused:
        client_id_of("", "not an id")
    assert refused.value.code is Code.BAD_REQUEST


@pytest.mark.parametrize(
    ("words", "values"),
    [(Kind, ConversationKind), (RoleName, Role), (State, MemberState), (ActionName, MemberAction)],
)
def test_every_value_of_an_enumeration_is_a_documented_word(words: object, values: type[Enum]) -> None:
    assert get_args(words) == tuple(word(value) for value in values)


def test_people_are_counted_once_in_the_order_given() -> None:
    one, other = new_id(), new_id()
    assert ids_of([other, one, other.upper()]) == (other, one)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-Hant-TW;q=0.5", "zh"),
        ("en;q=0.4, zh;q=0.5", "zh"),
        ("zh;q=0.4, en;q=0.5", "en"),
        ("fr, zh;q=0.1", "zh"),
        ("ZH-cn", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=nan, en", "en"),
    ],
)
def test_the_language_is_the_one_put_first(header: str, language: str) -> None:
    assert preferred(header) == language


@given(st.text())
def test_any_header_means_a_language(header: str) -> None:
    assert preferred(header) in ("en", "zh")
