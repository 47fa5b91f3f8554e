"""`hubbub client` against a running server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from unit.cli.served import served
from unit.cli.test_cluster import Desk


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.delenv("HUBBUB_PROFILE", raising=False)
    async with served(tmp_path) as (site, url):
        await site.admin()
        desk = Desk(site, url, tmp_path / "home")
        await desk.says("login", "prince")
        yield desk


async def test_clients_are_made_shown_and_removed(desk: Desk) -> None:
    said = await desk.says("client", "create", "Verona Wiki", "--redirect", "https://wiki.example/cb")
    assert "secret  " in said
    (bot,) = await desk.objects("client", "create", "Chorus", "--bot", "chorus", "--scope", "read", "--scope", "write")
    assert bot["grants"] == ["client_credentials"]
    (phone,) = await desk.objects("client", "create", "App", "--public", "--redirect", "com.example.app:/cb")
    assert phone["client_secret"] == ""
    listed = await desk.objects("client", "list")
    assert {one["name"] for one in listed} == {"Verona Wiki", "Chorus", "App"}
    assert len(await desk.objects("client", "list", "--limit", "2")) == 2
    shown = await desk.says("client", "show", bot["client_id"])
    assert "read write" in shown
    assert bot["client_secret"] not in shown
    (changed,) = await desk.objects("client", "rotate-secret", bot["client_id"])
    assert changed["client_secret"] != bot["client_secret"]
    await desk.says("client", "delete", bot["client_id"])
    assert len(await desk.objects("client", "list")) == 2


async def test_what_is_refused_ends_with_a_sentence(desk: Desk) -> None:
    result = await desk.runs("client", "create", "Wiki", "--redirect", "http://wiki.example/cb")
    assert (result.exit_code, "https" in result.output) == (4, True)
    assert (await desk.runs("client", "show", "nonsense")).exit_code == 4
