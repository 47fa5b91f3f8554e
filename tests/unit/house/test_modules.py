"""Every module says what it is, and none has become a place where everything goes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MADE = {"hubbub_pb2.py"}
MODULES = sorted(
    path
    for folder in ("src", "tests", "tools", "bench")
    for path in (ROOT / folder).rglob("*.py")
    if path.name not in MADE
)
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_opens_with_what_it_is(path: Path) -> None:
    source = path.read_text("utf-8")
    if source.strip():
        first = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
        assert first, "it has no docstring"
        assert len(first) <= 120


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_file_is_longer_than_800_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 800


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert not VAGUE.intersection(path.relative_to(ROOT).with_suffix("").parts)
