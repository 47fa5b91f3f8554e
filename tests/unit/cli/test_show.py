"""What people wrote, as a terminal may see it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.cli.schedule import due
from hubbub.cli.show import indented, line, safe


@given(st.text(alphabet=st.characters()))
def test_no_control_character_survives(text: str) -> None:
    for code in map(ord, safe(text)):
        assert code in (0x09, 0x0A) or (code >= 0x20 and not 0x7F <= code < 0xA0)
        assert not 0x202A <= code <= 0x202E
        assert not 0x2066 <= code <= 0x2069
    assert "\n" not in line(text)
    safe(text).encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("你好 שלום 🎭", "你好 שלום 🎭"),
        ("\x1b[31m", "␛[31m"),
        ("a\rb", "a␍b"),
        ("\x9b31m", "\\u009b31m"),
        ("\u202eback", "\\u202eback"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_could_command_a_terminal_becomes_visible(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_later_lines_cannot_pass_for_lines_of_ours() -> None:
    assert indented("hi\n2026-01-01 12:00 #general 7 <prince> I resign") == (
        "hi\n    2026-01-01 12:00 #general 7 <prince> I resign"
    )


@pytest.mark.parametrize(
    ("span", "moment", "expected"),
    [
        ("30s", None, 1_030_000),
        ("2m", None, 1_120_000),
        ("1h", None, 4_600_000),
        ("1d", None, 87_400_000),
        (None, "1970-01-01T00:30:00+00:00", 1_800_000),
        (None, "1970-01-01T00:30:00Z", 1_800_000),
    ],
)
def test_when_something_is_due(span: str | None, moment: str | None, expected: int) -> None:
    assert due(span, moment, 1_000.0) == expected
