"""`hubbub factor`, and `hubbub login` once it is set up."""

from __future__ import annotations

import base64
import time

from unit.cli.test_client import desk as desk
from unit.cli.test_cluster import Desk

from hubbub.auth.totp import code_at, step_of


def code_of(key: str, later: int = 0) -> str:
    return code_at(base64.b32decode(key), step_of(time.time_ns() // 1_000_000) + later)


async def test_an_app_is_set_up_used_and_turned_off(desk: Desk) -> None:
    assert "none" in await desk.says("factor", "show")
    (offer,) = await desk.objects("factor", "app")
    (offer,) = await desk.objects("factor", "app")
    assert (await desk.runs("factor", "confirm", "000000")).exit_code == 4
    (answer,) = await desk.objects("factor", "confirm", code_of(offer["secret"]))
    codes = answer["recovery_codes"]
    assert "since" in await desk.says("factor", "show")

    refused = await desk.runs("login", "prince")
    assert refused.exit_code == 4
    assert "second step" in refused.output
    # One code lets in both devices of the profile, and neither code is good again.
    await desk.says("login", "prince", "--code", codes[0])
    await desk.says("login", "prince", "--code", code_of(offer["secret"], 1))
    assert (await desk.runs("login", "prince", "--code", codes[0])).exit_code == 4
    assert (await desk.objects("factor", "show"))[0]["recovery_codes_left"] == 9

    fresh = (await desk.objects("factor", "recovery-codes", codes[1]))[0]["recovery_codes"]
    await desk.says("factor", "off", fresh[0])
    await desk.says("login", "prince")


async def test_an_admin_takes_it_away(desk: Desk) -> None:
    await desk.site.enter("romeo")
    assert "romeo" in await desk.says("factor", "reset", "@romeo")
    assert (await desk.runs("factor", "reset", "nobody")).exit_code == 4


async def test_arrivals_are_listed_and_forgotten(desk: Desk) -> None:
    assert await desk.objects("session", "arrivals") == []
    assert (await desk.runs("session", "was-me", "0" * 32)).exit_code == 4
