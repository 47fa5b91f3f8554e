"""`hubbub user`, and `hubbub session` for somebody else, against a running server."""

from __future__ import annotations

from unit.cli.test_client import desk as desk
from unit.cli.test_cluster import Desk


async def test_accounts_are_listed_shown_changed_and_deleted(desk: Desk) -> None:
    for name in ("romeo", "rosaline"):
        await desk.site.enter(name)
    assert {one["username"] for one in await desk.objects("user", "list", "ro")} == {"romeo", "rosaline"}
    assert await desk.objects("user", "list", "--state", "waiting") == []
    assert "member" in await desk.says("user", "show", "romeo")
    assert "Romeo Montague" in await desk.says("user", "change", "romeo", "--name", "Romeo Montague")
    (made,) = await desk.objects("user", "password-link", "romeo")
    assert "?token=" in made["link"]
    assert "deleted" in await desk.says("user", "delete", "romeo", "--yes")
    assert [one["state"] for one in await desk.objects("user", "list", "--state", "deleted")] == ["deleted"]
    assert (await desk.runs("user", "show", "nobody")).exit_code == 4


async def test_somebody_elses_sessions_are_listed_and_ended(desk: Desk) -> None:
    romeo = await desk.site.enter("romeo")
    await desk.site.log_in("romeo")
    listed = await desk.objects("session", "list", "--user", "romeo")
    assert len(listed) == 2
    mine = next(one for one in listed if one["device_id"] == romeo.tokens["device_id"])
    await desk.says("session", "end", mine["login_id"], "--user", "romeo")
    assert await romeo.is_refused("GET", "/me") == "session_ended"
    assert "1 ended" in await desk.says("session", "end-all", "romeo")
    assert await desk.objects("session", "list", "--user", "romeo") == []
