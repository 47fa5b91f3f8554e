"""What the files of deploy/ set is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deploy.tools import DEPLOY, ROOT

from hubbub.base.settings import describe
from hubbub.server.settings import ServerSettings

FILES = sorted(path for path in (*DEPLOY.rglob("*"), ROOT / "docs/deploy.md") if path.is_file())

OF_COMMANDS = {"HUBBUB_HOME"}
"""Variables of the commands that are no setting of a server."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_is_a_setting(path: Path) -> None:
    known = {variable for _, variable, _ in describe(ServerSettings)} | OF_COMMANDS
    named = set(re.findall(r"\bHUBBUB_[A-Z_]*[A-Z]\b(?!…)", path.read_text("utf-8")))
    assert named - known == set()


def test_there_is_something_to_check() -> None:
    named = {name for path in FILES for name in re.findall(r"\bHUBBUB_[A-Z_]+\b", path.read_text("utf-8"))}
    assert {"HUBBUB_DATABASE", "HUBBUB_BUS", "HUBBUB_ROLES", "HUBBUB_ADVERTISE", "HUBBUB_PUBLIC_URL"} <= named


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_holds_a_password(path: Path) -> None:
    text = path.read_text("utf-8")
    passwords = re.findall(r"://[^:/@\s\"]+:([^@\s\"/]+)@", text)
    assert [word for word in passwords if not word.startswith(("$", "PASSWORD", "…"))] == []
