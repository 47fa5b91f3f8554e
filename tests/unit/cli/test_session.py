"""`hubbub session` against a running server."""

from __future__ import annotations

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
