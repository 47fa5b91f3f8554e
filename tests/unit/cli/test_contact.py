"""`hubbub contact` against a running server."""

from __future__ import annotations

from unit.cli.test_client import desk as desk
from unit.cli.test_cluster import Desk


async def test_people_are_asked_accepted_named_grouped_and_blocked(desk: Desk) -> None:
    juliet = await desk.site.enter("juliet")
    prince = (await desk.site.log_in("prince")).user_id
    assert "asked" in await desk.says("contact", "ask", "@juliet", "--note", "An audience")
    await juliet.does("DELETE", f"/me/contacts/{prince}")
    await juliet.does("POST", f"/me/contacts/{prince}", {"note": "Sire"})
    assert "asking" in await desk.says("contact", "list")
    assert "accepted" in await desk.says("contact", "accept", "juliet")
    assert "name: Capulet" in await desk.says("contact", "name", "juliet", "Capulet")
    assert "group: girls" in await desk.says("contact", "group", "juliet", "girls")
    (blocked,) = await desk.objects("contact", "block", "juliet")
    assert (blocked["blocked"], blocked["username"]) == (True, "juliet")
    assert await juliet.is_refused("POST", "/conversations/direct", {"user_id": prince}) == "forbidden"
    assert "blocked" not in await desk.says("contact", "unblock", "juliet")
    await desk.says("contact", "remove", "juliet")
    assert (await desk.runs("contact", "decline", "juliet")).exit_code == 4
    assert (await desk.runs("contact", "ask", "nobody")).exit_code == 4
