"""One name for a setting in the file, the variables and the flags; a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubbub.base.settings import SettingsError, describe, load


class Inner(msgspec.Struct, frozen=True):
    beat_s: float = 20.0
    origins: tuple[str, ...] = ()


class Outer(msgspec.Struct, frozen=True):
    listen: str = "127.0.0.1:8080"
    loud: bool = False
    inner: Inner = Inner()


def written(folder: Path, text: str) -> Path:
    path = folder / "hubbub.toml"
    path.write_text(text, "utf-8")
    return path


def test_without_anything_the_defaults_hold() -> None:
    assert load(Outer, file=None, environ={}, flags={}) == Outer()


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'listen = "file"\nloud = true\n[inner]\nbeat_s = 1\n')
    environ = {"HUBBUB_LISTEN": "variable", "HUBBUB_INNER_BEAT_S": "2.5"}
    settings = load(Outer, file=file, environ=environ, flags={"listen": "flag", "loud": None})
    assert settings == Outer(listen="flag", loud=True, inner=Inner(beat_s=2.5))


def test_a_list_is_written_with_commas_in_a_variable() -> None:
    settings = load(
        Outer, file=None, environ={"HUBBUB_INNER_ORIGINS": "https://a.example, https://b.example"}, flags={}
    )
    assert settings.inner.origins == ("https://a.example", "https://b.example")


def test_a_variable_of_another_program_is_left_alone() -> None:
    assert load(Outer, file=None, environ={"HUBBUB_HOME": "/somewhere", "LISTEN": "x"}, flags={}) == Outer()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[inner]\nbeats = 1\n", r"inner\.beats"),
        ('[inner]\nbeat_s = "soon"\n', "inner.beat_s"),
        ("colour = 1\n", "colour"),
        ("listen = \n", "hubbub.toml"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(Outer, file=written(tmp_path, text), environ={}, flags={})


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load(Outer, file=tmp_path / "none.toml", environ={}, flags={})


def test_every_setting_is_described_with_its_variable() -> None:
    assert ("inner.beat_s", "HUBBUB_INNER_BEAT_S", 20.0) in describe(Outer)
