"""Errors carry a code whose row says the rest."""

from __future__ import annotations

from hubbub.base.errors import TABLE, ChatError, Code, RateLimited


def test_every_code_has_a_row() -> None:
    assert set(TABLE) == set(Code)


def test_an_error_says_its_sentence_and_whether_to_retry() -> None:
    error = ChatError(Code.NOT_A_MEMBER)
    assert str(error) == "You are not a member of this conversation."
    assert not error.retry
    assert str(ChatError(Code.BAD_REQUEST, "seq is below 0")) == "seq is below 0"


def test_a_rate_limit_says_when_to_come_back() -> None:
    error = RateLimited(after_s=1.5)
    assert error.retry
    assert "1.5 s" in str(error)
