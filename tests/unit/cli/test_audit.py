"""`hubbub audit`, `role` and `ban` against a running server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from unit.cli.served import served
from unit.cli.test_cluster import Desk

from hubbub.cli.until import end_of


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.delenv("HUBBUB_PROFILE", raising=False)
    async with served(tmp_path) as (site, url):
        await site.admin()
        await site.enter("romeo")
        desk = Desk(site, url, tmp_path / "home")
        await desk.says("login", "prince")
        yield desk


async def test_the_log_is_listed_and_verified(desk: Desk) -> None:
    said = await desk.says("audit", "list", "--act", "account")
    assert "account.added" in said
    assert "romeo" in said
    newest, *_ = await desk.objects("audit", "list", "--limit", "3")
    (good,) = await desk.objects("audit", "verify")
    assert good == {"ok": True, "seq": newest["seq"], "hash": newest["hash"]}
    end = (await desk.says("audit", "verify")).split()[-1]
    await desk.says("ban", "set", "romeo", "--for", "2h", "--reason", "Tybalt")
    assert "good up to" in await desk.says("audit", "verify", "--since", end)
    assert "good up to" in await desk.says("audit", "verify", "--expect", end)
    listed = await desk.objects("audit", "list", "--by", "prince", "--act", "account.banned")
    assert len(listed) == 1


async def test_a_log_that_was_written_anew_is_found_out_by_what_was_kept(desk: Desk) -> None:
    (good,) = await desk.objects("audit", "verify")
    result = await desk.runs("audit", "verify", "--expect", f"{good['seq']}:{'0' * 64}")
    assert (result.exit_code, "changed at entry" in result.output) == (1, True)
    result = await desk.runs("audit", "verify", "--expect", f"{good['seq'] + 5}:{'0' * 64}")
    assert (result.exit_code, "removed at entry" in result.output) == (1, True)
    assert (await desk.runs("audit", "verify", "--since", "nonsense")).exit_code == 2


async def test_roles_are_made_and_given(desk: Desk) -> None:
    assert "announce" in await desk.says("role", "permissions")
    await desk.says("role", "create", "Crier", "--can", "announce")
    assert "@romeo" in await desk.says("role", "give", "crier", "@romeo")
    assert "@romeo" in await desk.says("role", "people", "Crier")
    await desk.says("role", "change", "Crier", "--can", "audit.read")
    (crier,) = [one for one in await desk.objects("role", "list") if one["name"] == "Crier"]
    assert crier["permissions"] == ["audit.read"]
    await desk.says("role", "take", "Crier", "romeo")
    assert await desk.objects("role", "people", "Crier") == []
    await desk.says("role", "delete", "Crier")
    assert (await desk.runs("role", "delete", "Crier")).exit_code == 4
    assert "owner" in await desk.says("role", "mine")


async def test_bans_are_set_listed_and_lifted(desk: Desk) -> None:
    await desk.says("ban", "set", "romeo")
    assert "@romeo  without end" in await desk.says("ban", "list")
    await desk.says("ban", "lift", "romeo")
    assert await desk.objects("ban", "list") == []
    assert (await desk.runs("ban", "set", "romeo", "--for", "soon")).exit_code == 2


def test_a_span_or_a_time_says_when_a_ban_ends() -> None:
    assert end_of("", "") == 0
    assert end_of("", "2030-01-31T18:00") > 1_890_000_000_000
    assert end_of("1w", "") - end_of("7d", "") < 1_000
