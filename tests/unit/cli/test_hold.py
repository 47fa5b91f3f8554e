"""`hubbub hold` against a running server, and what an export can be checked with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from unit.cli.served import served
from unit.cli.test_cluster import Desk
from unit.rest.site import Person


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.delenv("HUBBUB_PROFILE", raising=False)
    async with served(tmp_path) as (site, url):
        await site.admin()
        desk = Desk(site, url, tmp_path / "home")
        await desk.says("login", "prince")
        yield desk


async def chat_with_a_secret(romeo: Person, juliet: Person) -> tuple[str, str]:
    """Say something with a file in private; return the conversation and the file."""
    made = await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id})
    where = str(made["conversation_id"])
    sent = await romeo.ask("POST", "/files", params={"name": "poison.txt"}, content=b"mandrake")
    await romeo.does("POST", f"/conversations/{where}/messages", {"text": "爱 🌹\n", "files": [sent.json()["file_id"]]})
    return where, str(sent.json()["file_id"])


async def test_a_hold_is_opened_changed_and_closed(desk: Desk) -> None:
    romeo, juliet = await desk.site.enter("romeo"), await desk.site.enter("juliet")
    where, _ = await chat_with_a_secret(romeo, juliet)
    wanted = ("hold", "open", "Capulet", "--reason", "The feud")
    assert (await desk.runs(*wanted)).exit_code == 2
    (made,) = await desk.objects(*wanted, "--person", "@romeo", "--from", "2020-01-01")
    hold = made["hold_id"]
    assert (made["people"], made["from_ms"] > 0, made["until_ms"]) == (1, True, 0)
    assert "2 people, 1 conversations" in await desk.says(
        "hold", "add", hold, "--person", juliet.user_id, "--conversation", where
    )
    assert "Capulet" in await desk.says("hold", "list")
    said = await desk.says("hold", "show", hold)
    assert all(word in said for word in ("The feud", "@prince", "romeo", "juliet", where))
    (shown,) = await desk.objects("hold", "show", hold)
    assert len(shown["subjects"]) == 3
    assert "1 people, 1 conversations" in await desk.says("hold", "remove", hold, "--person", "juliet")
    assert "closed" in await desk.says("hold", "close", hold)
    assert await desk.says("hold", "list") == ""
    assert [one["hold_id"] for one in await desk.objects("hold", "list", "--closed")] == [hold]


async def test_an_export_can_be_checked_line_by_line_and_against_the_audit_log(desk: Desk, tmp_path: Path) -> None:
    romeo, juliet = await desk.site.enter("romeo"), await desk.site.enter("juliet")
    where, file = await chat_with_a_secret(romeo, juliet)
    (made,) = await desk.objects("hold", "open", "C", "--reason", "F", "--conversation", where)
    await romeo.does("DELETE", f"/conversations/{where}/messages/2")
    folder = tmp_path / "evidence"
    (done,) = await desk.objects("hold", "export", made["hold_id"], "--to", str(folder))
    lines = [json.loads(line) for line in (folder / "entries.jsonl").read_text("utf-8").splitlines()]
    assert [line["type"] for line in lines] == ["conversation", "entry", "entry", "entry"]
    kept = lines[2]
    assert (kept["sender"], kept["seq"], kept["recalled"], kept["erased"]) == ("romeo", 2, True, False)
    assert kept["action"]["body"]["text"] == "爱 🌹\n"
    assert (folder / "files" / file).read_bytes() == b"mandrake"
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["files"][file] == {
        "name": "poison.txt",
        "path": f"files/{file}",
        "sha256": hashlib.sha256(b"mandrake").hexdigest(),
        "size_bytes": 8,
    }
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    (entry,) = await desk.objects("audit", "list", "--act", "hold.exported")
    assert json.loads(entry["detail"]) == {
        "entries": 3,
        "export": done["export_id"],
        "files": 1,
        "sha256": hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(),
    }
    # What is there is never overwritten.
    assert (await desk.runs("hold", "export", made["hold_id"], "--to", str(folder))).exit_code == 1
