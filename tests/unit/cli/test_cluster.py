"""`hubbub nodes`, `drain` and `config` against a running server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from unit.auth.people import PASSWORD
from unit.cli.served import served
from unit.rest.site import Site

from hubbub.base.ids import new_id
from hubbub.cli.main import command
from hubbub.cli.nodes import level_to_raise, span, table
from hubbub.cluster.model import NodeRecord

POLICY = "gateway.login_policy"


class Desk:
    """An admin at a terminal."""

    def __init__(self, site: Site, url: str, home: Path) -> None:
        self.site = site
        self._env = {"HUBBUB_HOME": str(home), "HUBBUB_SERVER": url, "HUBBUB_PASSWORD": PASSWORD}

    async def runs(self, *args: str, typed: str = "") -> Result:
        result = await asyncio.to_thread(CliRunner().invoke, command, args, input=typed, env=self._env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    async def says(self, *args: str) -> str:
        """Return what a command prints that must succeed."""
        result = await self.runs(*args)
        assert result.exit_code == 0, result.output
        return result.stdout

    async def objects(self, *args: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (await self.says(*args, "--json")).splitlines()]


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.delenv("HUBBUB_PROFILE", raising=False)
    async with served(tmp_path) as (site, url):
        await site.admin()
        desk = Desk(site, url, tmp_path / "home")
        await desk.says("login", "prince")
        yield desk


async def test_the_nodes_are_a_table_for_people_and_lines_for_programs(desk: Desk) -> None:
    head, row = (await desk.says("nodes")).splitlines()
    assert head.split()[:4] == ["NODE", "STATE", "ROLES", "SESSIONS"]
    assert row.split()[:4] == ["node", "up", "web,gateway,chat,worker", "0"]
    (node,) = await desk.objects("nodes")
    assert (node["node_id"], node["state"], node["load"]["sessions"]) == ("node", "up", 0)


async def test_a_node_is_asked_to_drain(desk: Desk) -> None:
    assert await desk.says("drain", "node") == "node drains.\n"
    assert desk.site.deps.nodes is not None
    told: list[bool] = []
    desk.site.deps.nodes.on_drain(lambda: told.append(True))
    await desk.site.deps.nodes.look()
    assert told == [True]
    unknown = await desk.runs("drain", "nobody")
    assert (unknown.exit_code, unknown.stderr) == (4, "hubbub: There is no living node called nobody.\n")


async def test_waiting_for_a_drain_ends_with_the_node(desk: Desk) -> None:
    site = desk.site
    assert site.deps.nodes is not None
    two = NodeRecord("two", new_id(), ("gateway",))
    await site.node_rows.enter(two, 60.0)
    await site.deps.nodes.look()
    asked = asyncio.Event()
    await site.signals.listen(f"drain.{two.incarnation}", lambda _: asked.set())
    waiting = asyncio.create_task(desk.says("drain", "two", "--wait"))
    await asyncio.wait_for(asked.wait(), 20)
    await site.node_rows.leave(two.incarnation)
    await site.deps.nodes.look()
    assert await asyncio.wait_for(waiting, 20) == "two has ended.\n"


async def test_a_drain_that_takes_too_long_ends_with_1(desk: Desk) -> None:
    late = await desk.runs("drain", "node", "--wait", "--timeout", "0")
    assert (late.exit_code, late.stdout) == (1, "node is still there after 0.0s.\n")


async def test_settings_are_shown_with_what_they_mean(desk: Desk) -> None:
    text = await desk.says("config", "get")
    assert f"  {POLICY} = many\n      Whether a person has many devices connected" in text
    assert await desk.says("config", "get", POLICY) == "many\n"
    (setting,) = await desk.objects("config", "get", POLICY)
    assert (setting["value"], setting["is_set"], setting["allowed"]) == ("many", False, "one of many, reject, replace")
    assert await desk.says("config", "get", "flags.polls") == "false\n"
    unknown = await desk.runs("config", "get", "nonsense")
    assert unknown.exit_code == 4
    assert "There is no live setting 'nonsense'" in unknown.stderr


async def test_a_setting_is_changed_unset_and_rolled_back(desk: Desk) -> None:
    assert await desk.says("config", "set", POLICY, "reject", "--note", "the feast") == "version 1\n"
    assert await desk.says("config", "set", "chat.submits_per_s", "5") == "version 2\n"
    assert await desk.says("config", "set", "flags.polls", "true", "--expect", "2") == "version 3\n"
    assert await desk.says("config", "get", POLICY) == "reject\n"
    assert f"* {POLICY} = reject" in await desk.says("config", "get")
    assert await desk.says("config", "unset", POLICY, "--note", "over") == "version 4\n"
    assert await desk.says("config", "rollback", "1") == "version 5\n"
    lines = (await desk.says("config", "history")).splitlines()
    told = [line.split("  ", 3)[0] + "  " + line.split("  ", 3)[3] for line in lines]
    assert told == [
        f"5  {POLICY} = reject, chat.submits_per_s unset, flags.polls unset  (back to version 1)",
        f"4  {POLICY} unset  (over)",
        "3  flags.polls = true",
        "2  chat.submits_per_s = 5.0",
        f"1  {POLICY} = reject  (the feast)",
    ]
    assert all(line.split("  ")[2] == "prince" for line in lines)
    assert [one["version"] for one in await desk.objects("config", "history", "--limit", "2")] == [5, 4]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["set", POLICY, "everybody"], f"{POLICY} is one of many, reject, replace."),
        (["set", "nonsense", "1"], "There is no live setting 'nonsense'"),
        (["unset", "nonsense"], "There is no live setting 'nonsense'"),
        (["set", POLICY, "reject", "--expect", "7"], "The configuration is at version 0, not 7."),
        (["rollback", "7"], "There is no version 7 of the configuration."),
    ],
)
async def test_a_refusal_ends_with_4_and_says_why(desk: Desk, args: list[str], sentence: str) -> None:
    result = await desk.runs("config", *args)
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith(f"hubbub: {sentence}")


async def test_who_is_no_admin_is_refused(desk: Desk) -> None:
    await desk.site.enter("romeo")
    await desk.says("login", "romeo")
    for args in (["nodes"], ["drain", "node"], ["config", "get"], ["config", "history"]):
        assert (await desk.runs(*args)).exit_code == 4


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(None, "-"), (0, "0.0s"), (3_210, "3.2s"), (-1_500, "-1.5s"), (300_000, "5m"), (26_000_000, "7h"), (10**9, "12d")],
)
def test_spans_are_short(ms: int | None, shown: str) -> None:
    assert span(ms) == shown


async def test_the_level_is_shown_and_raised_once_every_node_is_new(desk: Desk) -> None:
    assert await desk.says("config", "level") == "1\n"
    assert desk.site.deps.nodes is not None
    await desk.site.node_rows.renew(replace(desk.site.deps.nodes.record, level=3), 60.0)
    older = NodeRecord("gateway-2", new_id(), ("gateway",), version="0.9", level=2)
    await desk.site.node_rows.enter(older, 60.0)
    assert await desk.says("config", "level", "--raise") == "2\n"
    assert await desk.objects("config", "level") == [{"level": 2}]
    await desk.site.node_rows.leave(older.incarnation)
    assert await desk.says("config", "level", "--raise") == "3\n"


def test_who_lists_the_nodes_is_told_that_the_level_may_be_raised() -> None:
    def told(level: int, *nodes: tuple[str, int]) -> list[str]:
        return level_to_raise({"level": level, "nodes": [{"state": state, "level": own} for state, own in nodes]})

    assert told(1, ("up", 1), ("up", 2)) == []
    assert told(2, ("up", 2)) == []
    (sentence,) = told(1, ("up", 3), ("suspect", 2), ("dead", 1))
    assert "at level 1, and every node understands 2" in sentence
    assert "hubbub config level --raise" in sentence


def test_what_a_node_says_of_itself_is_no_command_to_the_terminal() -> None:
    load = {"sessions": 1, "cpu": 0.5, "rss_mib": 80.2}
    node = {
        "node_id": "\x1b[2Jgateway\n",
        "state": "up",
        "roles": ["gateway"],
        "version": "1",
        "level": 1,
        "started_ms": 0,
        "heard_ms": 100,
        "lease_ms": 9_000,
        "load": load,
    }
    shown = table([node, {**node, "node_id": "dead", "state": "dead"}], 60_000)
    assert "\x1b" not in shown
    assert shown.splitlines()[2].split() == ["dead", "dead", "gateway", "-", "-", "-", "1", "1", "-", "0.1s", "-"]
    assert len(shown.splitlines()) == 3
