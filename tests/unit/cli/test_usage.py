"""How commands end when they are used wrongly, or with nobody to talk to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hubbub.cli.main import command
from hubbub.cli.profile import LoginState, NotLoggedIn, Profile, ProfileFile
from hubbub.cli.run import Context
from hubbub.client import HubbubError, Tokens

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any login."""
    monkeypatch.setenv("HUBBUB_HOME", str(tmp_path))
    for name in ("HUBBUB_SERVER", "HUBBUB_PROFILE", "HUBBUB_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*args: str, **env: str) -> Result:
    result = CliRunner().invoke(command, list(args), env=env)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def profile(server: str = NOWHERE) -> Profile:
    login = LoginState(Tokens("a", 900, "r"), 2**53)
    return Profile(server, "a" * 32, "romeo", login, login)


@pytest.mark.parametrize(
    "args",
    [
        ["send"],
        ["send", "juliet", "hi", "--client-id", "x"],
        ["send", "juliet", "hi", "--reply-to", "-1"],
        ["save", "juliet"],
        ["save", "juliet", "0"],
        ["tail", "--since", "yesterday"],
        ["history"],
        ["history", "juliet", "--limit", "0"],
        ["group", "create"],
        ["group", "add", "Verona"],
        ["schedule", "add", "juliet", "hi"],
        ["schedule", "add", "juliet", "hi", "--in", "soon"],
        ["schedule", "add", "juliet", "hi", "--at", "noon"],
        ["schedule", "add", "juliet", "hi", "--in", "1s", "--at", "2030-01-01"],
        ["schedule", "cancel", "x"],
        ["remind", "set", "juliet", "0", "--in", "1h"],
        ["remind", "set", "juliet", "5"],
        ["whoami", "--profile", "../up"],
        ["register", "romeo"],
        ["drain"],
        ["config", "set", "gateway.login_policy"],
        ["config", "rollback", "x"],
        ["nonsense"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_how(home: Path, args: list[str]) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert "Usage:" in result.output or "Error:" in result.output


@pytest.mark.parametrize(
    "args",
    [
        ["send", "juliet", "hi"],
        ["tail"],
        ["chat"],
        ["whoami"],
        ["logout"],
        ["users"],
        ["group", "list"],
        ["history", "x"],
        ["nodes"],
        ["drain", "node"],
        ["config", "get"],
    ],
)
def test_without_a_login_a_command_ends_with_3(home: Path, args: list[str]) -> None:
    result = run(*args)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr == "hubbub: You are not logged in. Run: hubbub login\n"


def test_a_login_of_another_server_is_none(home: Path) -> None:
    ProfileFile("default").save(profile("http://somewhere"))
    assert run("whoami", "--server", "http://elsewhere").exit_code == 3


def test_a_server_that_does_not_answer_ends_with_5(home: Path) -> None:
    ProfileFile("default").save(profile())
    assert run("register", "romeo", "--server", NOWHERE, HUBBUB_PASSWORD="wherefore").exit_code == 5
    assert run("whoami").exit_code == 5
    slow = run("send", "juliet", "hi", "--timeout", "0.2")
    assert slow.exit_code == 5
    assert slow.stderr.startswith("hubbub: ")


def test_errors_are_json_too(home: Path) -> None:
    result = run("whoami", "--json")
    assert json.loads(result.stdout)["error"] == "unauthenticated"
    assert result.exit_code == 3


def test_a_profile_is_kept_whole_and_for_its_owner_alone(home: Path) -> None:
    file = ProfileFile("romeo")
    file.save(profile())
    assert file.load() == profile()
    (kept,) = (home / "profiles").glob("*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    file.forget()
    with pytest.raises(NotLoggedIn, match="--profile romeo"):
        file.load()


def test_each_choice_of_conversations_keeps_its_own_place(home: Path) -> None:
    file = ProfileFile("romeo")
    paths = {file.store_path([]), file.store_path(["a"]), file.store_path(["a", "b"])}
    assert len(paths) == 3
    assert file.store_path(["b", "a"]) == file.store_path(["a", "b"])


def test_help_names_every_command_and_each_explains_itself(home: Path) -> None:
    overview = run("--help")
    assert overview.exit_code == 0
    for name in ("register", "login", "send", "tail", "chat", "group", "channel", "users", "announce", "schedule"):
        assert name in overview.output
        assert run(name, "--help").exit_code == 0


def test_what_a_server_says_is_no_command_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    context = Context(None, "default", False)
    context.show({}, "Verona \x1b]0;Mantua\x07 is set up")
    with pytest.raises(SystemExit):
        context.fail(HubbubError("forbidden", "\x1b[2JNothing to see."))
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
    assert "Nothing to see." in told.err
