"""`hubbub retention` against a running server."""

from __future__ import annotations

from unit.cli.test_cluster import Desk
from unit.cli.test_hold import desk as desk

from hubbub.base.ids import GENERAL_CHANNEL


async def test_how_long_a_conversation_keeps_its_messages_is_set_and_listed(desk: Desk) -> None:
    assert "place  for ever" in await desk.says("retention", "list")
    assert "30 days" in await desk.says("retention", "set", GENERAL_CHANNEL, "30")
    assert f"{GENERAL_CHANNEL}  30 days" in await desk.says("retention", "list")
    (made,) = await desk.objects("retention", "set", GENERAL_CHANNEL, "forever")
    assert made == {"conversation_id": GENERAL_CHANNEL, "keep_days": 0}
    place, own = await desk.objects("retention", "list")
    assert (place["place_days"], own["keep_days"]) == (0, 0)
    assert "as the place says" in await desk.says("retention", "set", GENERAL_CHANNEL, "place")
    assert GENERAL_CHANNEL not in await desk.says("retention", "list")
    for wrong in ("0", "soon", "-1", "36501"):
        assert (await desk.runs("retention", "set", GENERAL_CHANNEL, "--", wrong)).exit_code == 2
