"""`hubbub session` against a running server."""

from __future__ import annotations

from unit.auth.people import PASSWORD
from unit.cli.test_client import desk as desk
from unit.cli.test_cluster import Desk


async def test_logins_are_listed_named_and_ended(desk: Desk) -> None:
    phone, tablet = await desk.site.log_in("prince"), await desk.site.log_in("prince")
    listed = await desk.objects("session", "list")
    assert len(listed) == 5
    assert (await desk.says("session", "list")).count("\n* ") + 1 >= 2
    ids = {one["device_id"]: one["login_id"] for one in listed}
    target = ids[phone.tokens["device_id"]]
    await desk.says("session", "name", target, "The prince's phone")
    assert "The prince's phone" in await desk.says("session", "list")
    await desk.says("session", "end", target)
    assert await phone.is_refused("GET", "/me") == "session_ended"
    assert (await desk.runs("session", "end", target)).exit_code == 4
    assert await desk.objects("session", "end-others") == [{"ended": 2}]
    assert await tablet.is_refused("GET", "/me") == "session_ended"
    assert len(await desk.objects("session", "list")) == 2


async def test_a_profile_and_a_password_are_changed_and_apps_listed(desk: Desk) -> None:
    assert "Escalus" in await desk.says("account", "profile", "--name", "Escalus", "--signature", "Rebellious subjects")
    assert await desk.objects("client", "apps") == []
    assert (await desk.runs("client", "forget-app", "x")).exit_code == 4
    elsewhere = await desk.site.log_in("prince")
    passwords = f"{PASSWORD}\na plague on both\n"
    result = await desk.runs("account", "password", "--passwords-stdin", typed=passwords)
    assert result.exit_code == 0, result.output
    assert "prince" in await desk.says("whoami")
    assert await elsewhere.is_refused("GET", "/me") == "session_ended"
    await desk.site.log_in("prince", "a plague on both")
