"""For how long messages are kept, over HTTP: who may say it, and who reads it."""

from __future__ import annotations

import json

from unit.rest.site import Site

from hubbub.base.ids import GENERAL_CHANNEL, new_id


async def test_an_admin_says_it_for_one_conversation_and_its_members_read_it(either: Site) -> None:
    prince, romeo, juliet = await either.admin(), await either.enter("romeo"), await either.enter("juliet")
    where = (await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id}))["conversation_id"]
    path = f"/conversations/{where}/retention"
    await prince.does("PUT", path, {"keep_days": 30})
    shown = await juliet.gets(f"/conversations/{where}")
    assert (shown["keep_days"], shown["kept_from"]) == (30, 0)
    line = (await juliet.gets(f"/conversations/{where}/messages"))["items"][-1]
    assert (line["sender_id"], line["action"]["type"], line["action"]["keep_days"]) == ("", "change", 30)
    await prince.does("PUT", path, {"keep_days": 30})
    page = await prince.gets("/retention")
    assert page == {
        "place_days": 0,
        "conversations": [{"conversation_id": where, "keep_days": 30, "kept_from": 0}],
        "next_cursor": "",
    }
    await prince.does("PUT", path, {"keep_days": -1})
    assert (await prince.gets("/retention"))["conversations"] == []
    entries = (await prince.gets("/audit", act="retention"))["entries"]
    assert [(one["act"], one["target"], one["user_id"], json.loads(one["detail"])) for one in entries] == [
        ("retention.changed", where, prince.user_id, {"before": 30, "after": -1}),
        ("retention.changed", where, prince.user_id, {"before": -1, "after": 30}),
    ]


async def test_nobody_else_says_it(either: Site) -> None:
    prince, romeo = await either.admin(), await either.enter("romeo")
    made = await romeo.does("POST", "/conversations", {"kind": "group", "title": "Verona"})
    path = f"/conversations/{made['conversation_id']}/retention"
    assert await romeo.is_refused("PUT", path, {"keep_days": 1}) == "forbidden"
    assert await romeo.is_refused("GET", "/retention") == "forbidden"
    assert await prince.is_refused("PUT", f"/conversations/{new_id()}/retention", {"keep_days": 1}) == (
        "conversation_not_found"
    )
    for days in (-2, 36_501):
        assert await prince.is_refused("PUT", path, {"keep_days": days}) == "bad_request"


async def test_everybody_reads_what_the_place_says(site: Site) -> None:
    prince, romeo = await site.admin(), await site.enter("romeo")
    assert (await romeo.gets("/server"))["keep_days"] == 0
    await prince.does("PUT", "/config/chat.keep_days", {"value": 30})
    assert (await romeo.gets("/server"))["keep_days"] == 30
    assert (await prince.gets("/retention"))["place_days"] == 30
    assert (await romeo.gets(f"/conversations/{GENERAL_CHANNEL}"))["keep_days"] == -1
