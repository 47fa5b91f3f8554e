"""Codes of authenticator apps are those of RFC 6238, each good once and only about its time."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from hubbub.auth.totp import (
    RECOVERY_CODES,
    code_at,
    matching_step,
    new_recovery_codes,
    new_secret,
    otpauth_uri,
    recovery_hash,
    shown_secret,
    step_of,
)

RFC_SECRET = b"12345678901234567890"
NOW = 1_700_000_000_000


# RFC 6238 appendix B, SHA-1; the last six of its eight digits.
@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    assert code_at(RFC_SECRET, step_of(at_s * 1000)) == code


def test_a_code_is_good_half_a_minute_early_and_late_and_no_more() -> None:
    now = step_of(NOW)
    for off, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        found = matching_step(RFC_SECRET, code_at(RFC_SECRET, now + off), NOW, after=0)
        assert found == (now + off if good else None)


def test_a_code_is_no_good_after_one_as_late() -> None:
    now = step_of(NOW)
    code = code_at(RFC_SECRET, now)
    assert matching_step(RFC_SECRET, code, NOW, after=now - 1) == now
    assert matching_step(RFC_SECRET, code, NOW, after=now) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "1" * 10_000, "12 34"])
def test_what_is_no_code_matches_nothing(typed: str) -> None:
    assert matching_step(RFC_SECRET, typed, NOW, after=0) is None


def test_a_code_may_be_typed_with_a_space() -> None:
    code = code_at(RFC_SECRET, step_of(NOW))
    assert matching_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", NOW, after=0) is not None


def test_an_app_is_told_where_and_who() -> None:
    parts = urlsplit(otpauth_uri(RFC_SECRET, issuer="Verona: 维罗纳", username="romeo"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Verona  维罗纳:romeo"
    asked = parse_qs(parts.query)
    assert asked["secret"] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    assert asked["issuer"] == ["Verona  维罗纳"]
    assert shown_secret(RFC_SECRET).replace(" ", "") == asked["secret"][0]


def test_secrets_and_recovery_codes_are_long_and_never_the_same() -> None:
    assert len(new_secret()) == 20
    assert new_secret() != new_secret()
    codes = new_recovery_codes()
    assert len(set(codes)) == RECOVERY_CODES
    assert len({recovery_hash(code) for code in codes}) == RECOVERY_CODES


def test_a_recovery_code_is_known_however_it_is_typed() -> None:
    code = new_recovery_codes()[0]
    assert recovery_hash(code) is not None
    assert recovery_hash(f" {code.upper().replace('-', ' ')} ") == recovery_hash(code)
    for wrong in ("", "x", code[:-1], code + "a", "0" * 16, "é" * 16, "a" * 10_000):
        assert recovery_hash(wrong) is None
