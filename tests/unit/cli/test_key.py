"""`hubbub key` against a running server."""

from __future__ import annotations

from unit.cli.test_client import desk as desk
from unit.cli.test_cluster import Desk


async def test_keys_are_listed_rotated_and_taken_away(desk: Desk) -> None:
    (only,) = await desk.objects("key", "list")
    assert only["signs"]
    phone = await desk.site.log_in("prince")
    fresh, old = await desk.objects("key", "rotate")
    assert (old["kid"], old["signs"], fresh["signs"]) == (only["kid"], True, False)
    assert "private" not in str(fresh)
    assert (await desk.says("key", "list")).count("\n") == 2
    assert (await phone.gets("/me"))["username"] == "prince"
    (last,) = await desk.objects("key", "rotate", "--drop")
    assert last["signs"]
    assert last["kid"] not in (fresh["kid"], old["kid"])
    assert await phone.is_refused("GET", "/me") == "bad_token"
    # The command line refreshes by itself, as every client does.
    acts = [one["act"] for one in await desk.objects("audit", "list", "--act", "key")]
    assert acts.count("key.rotated") >= 2
