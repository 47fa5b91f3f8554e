"""`hubbub registration` against a running server."""

from __future__ import annotations

import msgspec
from unit.auth.people import PASSWORD, fast_settings
from unit.cli.test_client import desk as desk
from unit.cli.test_cluster import Desk


async def test_people_are_invited_and_let_in(desk: Desk) -> None:
    code = (await desk.says("registration", "invite", "--note", "for the feast")).strip()
    assert "for the feast" in await desk.says("registration", "codes")
    await desk.says("registration", "revoke", code)
    assert await desk.objects("registration", "codes") == []
    desk.site.accounts.use(msgspec.structs.replace(fast_settings(), registration="approval"))
    for name in ("romeo", "tybalt"):
        await desk.site.http.post("/api/v1/accounts", json={"username": name, "password": PASSWORD})
    assert {row["username"] for row in await desk.objects("registration", "requests")} == {"romeo", "tybalt"}
    assert "let in" in await desk.says("registration", "accept", "romeo")
    assert "forgotten" in await desk.says("registration", "decline", "tybalt")
    await desk.site.log_in("romeo")
    assert (await desk.runs("registration", "accept", "romeo")).exit_code == 4
