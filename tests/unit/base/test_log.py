"""What is logged says where a fault was, and nothing of what people wrote."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from hubbub.base import log


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_values_of_variables(form: log.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(form=form)

    def fail(message: str) -> None:
        raise ValueError("a fault")

    try:
        fail(" ".join(("the", "lady", "doth", "protest")))
    except ValueError:
        logging.getLogger("hubbub.test").exception("it failed")
    written = capsys.readouterr().err
    assert "a fault" in written
    assert "fail" in written
    assert "the lady" not in written
