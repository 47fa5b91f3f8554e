"""`hubbub mute` against a running server."""

from __future__ import annotations

from unit.cli.test_client import desk as desk
from unit.cli.test_cluster import Desk


async def test_somebody_is_muted_listed_and_may_speak_again(desk: Desk) -> None:
    romeo = await desk.site.enter("romeo")
    await desk.says("mute", "set", "romeo", "--for", "30m", "--reason", "shouts")
    (one,) = await desk.objects("mute", "list")
    assert one["user_id"] == romeo.user_id
    assert "until" in await desk.says("mute", "list")
    await desk.says("mute", "lift", "@romeo")
    assert await desk.objects("mute", "list") == []
    await desk.says("mute", "set", "romeo")
    assert "without end" in await desk.says("mute", "list")
    await desk.says("report", "list")
