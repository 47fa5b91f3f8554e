"""Which passwords are refused because everybody tries them, and which are nobody's business."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.auth.common_passwords import common_passwords
from hubbub.auth.guesses import is_tried_first
from hubbub.auth.settings import AuthSettings


@pytest.mark.parametrize(
    "password",
    [
        "password", "Password1", "P@ssw0rd", "pa$$word!", "PASSWORD2024!", "passwordpassword", "１２３４５６７８",
        "12345678", "87654321", "1234567890", "11111111", "00000000", "19900101", "5201314520", "123123123",
        "qwertyui", "qwerty123", "Qwerty12345", "1qaz2wsx", "1q2w3e4r", "zaq12wsx", "asdfghjkl", "qwer1234", "asdf1234",
        "abcd1234", "abcdefgh", "abc12345", "a1234567", "iloveyou", "iloveyou2", "sunshine", "princess1", "football7",
        "welcome123", "admin123", "letmein1", "dragon99", "Summer2024", "trustno1", "woaini1314", "hubbub2026",
        "changeme!", "abcabcabc", "romeo1234", "Romeo2026!", "xxxxxxxx", "aa123456", "qq123456",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_known(password: str) -> None:
    assert is_tried_first(password, "romeo")


@pytest.mark.parametrize(
    "password", ["bluebird", "ROCKSTAR", "gandalf1", "halflife2", "valentine", "buttercup", "manchester"]
)
def test_what_leaked_is_known_however_it_was_made(password: str) -> None:
    assert is_tried_first(password, "romeo")


def test_the_list_of_what_leaked_is_long_enough() -> None:
    # ASVS 5.0, 6.2.4: at least the top 3000 of those that the rules for passwords would let through.
    assert sum(len(one) >= AuthSettings().password_min_chars for one in common_passwords()) > 10_000


@pytest.mark.parametrize(
    "password",
    [
        "wherefore art", "a glooming peace", "correct horse battery staple", "thou, Romeo?", "another one, quite",
        "monkeys write Hamlet", "kT9#vvq2", "8fj2-ss9d-k31m", "密码是个好东西", "parting is such", "summer in Verona",
        "314159265358979", "qwertz is a layout", "Mein Schulhund Bello",
    ],
)  # fmt: skip
def test_what_somebody_thought_of_is_left_alone(password: str) -> None:
    assert not is_tried_first(password, "romeo")


@given(st.text(max_size=64), st.text(max_size=32))
def test_any_text_is_looked_at_and_with_more_around_it_no_run_becomes_good(password: str, name: str) -> None:
    is_tried_first(password, name)
    assert is_tried_first("12345678", password)
