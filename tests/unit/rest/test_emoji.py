"""A place's own emoji over HTTP: added by who may, drawn by everybody, told when they change."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from unit.files.images import SECRET, a_moving_picture, a_pack, a_picture
from unit.rest.site import Person, Site, a_site

from hubbub.files.own_emoji import CHANGED
from hubbub.files.settings import FilesSettings

SMALL = a_picture("PNG", (32, 32))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


async def added(who: Person, name: str, content: bytes = SMALL, **more: Any) -> dict[str, Any]:
    return dict(await who.does("POST", "/emoji", params={"name": name, **more}, content=content))


async def names(who: Person) -> list[str]:
    return [one["name"] for one in (await who.gets("/emoji"))["emoji"]]


async def test_an_emoji_is_added_drawn_by_everybody_and_taken_away(either: Site) -> None:
    prince, juliet = await either.admin(), await either.enter("juliet")
    heard: list[bytes] = []
    await either.signals.listen(CHANGED, heard.append)
    made = await added(prince, ":Party-Parrot:", a_moving_picture(), alias=["bird2", "鹦鹉"], pack="Verona")
    assert (made["name"], made["aliases"], made["pack"], made["moving"]) == (
        "party-parrot",
        ["bird2", "鹦鹉"],
        "Verona",
        True,
    )
    listed = await juliet.gets("/emoji")
    assert [one["name"] for one in listed["emoji"]] == ["party-parrot"]
    address = f"{listed['emoji'][0]['picture']}?{listed['query']}"
    picture = await either.http.get(address)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/webp")
    assert picture.headers["cache-control"] == "private, max-age=604800, immutable"
    assert picture.headers["content-security-policy"].startswith("default-src 'none'")
    assert SECRET not in picture.content
    still = await either.http.get(f"{address}&still=true")
    assert (still.status_code, still.content == picture.content) == (200, False)
    assert (await juliet.ask("GET", made["picture"].removeprefix("/api/v1"))).content == picture.content
    await prince.does("DELETE", "/emoji/%E9%B9%A6%E9%B9%89")
    assert (await juliet.gets("/emoji"))["emoji"][0]["aliases"] == ["bird2"]
    await prince.does("DELETE", "/emoji/party-parrot")
    assert await names(juliet) == []
    assert (await either.http.get(address)).status_code == 404
    assert await prince.is_refused("DELETE", "/emoji/party-parrot") == "not_found"
    assert heard == [b"1", b"2", b"3"]


async def test_only_who_may_changes_them(either: Site) -> None:
    prince, romeo = await either.admin(), await either.enter("romeo")
    assert await romeo.is_refused("POST", "/emoji", params={"name": "rose2"}, content=SMALL) == "forbidden"
    assert await romeo.is_refused("POST", "/emoji-packs", params={"pack": "x"}, content=b"") == "forbidden"
    assert await romeo.is_refused("DELETE", "/emoji/rose2") == "forbidden"
    assert await romeo.is_refused("DELETE", "/emoji-packs/x") == "forbidden"
    await prince.does("PUT", f"/roles/moderator/people/{romeo.user_id}")
    await added(romeo, "rose2")
    (entry,) = (await prince.gets("/audit", act="emoji"))["entries"]
    assert (entry["act"], entry["target"], entry["user_id"]) == ("emoji.added", "rose2", romeo.user_id)


async def test_what_cannot_be_an_emoji_is_refused_and_leaves_no_file(either: Site) -> None:
    prince = await either.admin()
    await added(prince, "rose2", alias="flower2")
    room = (await prince.gets("/me/files"))["used_bytes"]

    async def refused(name: str, content: bytes = SMALL, **more: Any) -> str:
        return await prince.is_refused("POST", "/emoji", params={"name": name, **more}, content=content)

    assert await refused("rose2") == "conflict"
    assert await refused("other", alias="flower2") == "conflict"
    assert await refused("smile") == "conflict"
    assert await refused("not one") == "bad_request"
    assert await refused("svg", SVG) == "bad_request"
    assert await refused("nothing", b"") == "bad_request"
    assert await refused("other", bytes(2_000_000)) == "file_too_large"
    assert await refused("other", pack="x" * 65) == "bad_request"
    assert (await prince.gets("/me/files"))["used_bytes"] == room
    assert await names(prince) == ["rose2"]


async def test_a_pack_is_added_whole_or_not_at_all(either: Site) -> None:
    prince = await either.admin()
    await added(prince, "taken")
    room = (await prince.gets("/me/files"))["used_bytes"]
    for entries, wrong in (
        ({"a.png": SMALL, "b.png": SVG}, "b.png: it is no picture"),
        ({"a.png": SMALL, "sub/taken.png": SMALL}, "sub/taken.png: there is an emoji 'taken' already"),
        ({"a.png": SMALL, "A.gif": a_moving_picture()}, "A.gif: 'a' is the name of a.png as well"),
        ({"a.png": SMALL, "smile.png": SMALL}, "smile.png: 'smile' is the name of a standard emoji"),
        ({"a.png": SMALL, "1.2.png": SMALL}, "1.2.png: An emoji cannot be called '1.2'"),
    ):
        answer = await prince.ask("POST", "/emoji-packs", params={"pack": "Verona"}, content=a_pack(entries))
        assert answer.status_code in (400, 409)
        assert wrong in answer.json()["detail"]
    assert await names(prince) == ["taken"]
    await either.deps.files.sweep()  # type: ignore[union-attr]
    assert (await prince.gets("/me/files"))["used_bytes"] == room
    pack = a_pack({"Dagger.png": SMALL, "party parrot.gif": a_moving_picture()})
    made = await prince.does("POST", "/emoji-packs", params={"pack": " Verona "}, content=pack)
    assert (made["pack"], [one["name"] for one in made["emoji"]]) == ("Verona", ["dagger", "party_parrot"])
    assert await prince.is_refused("POST", "/emoji-packs", params={"pack": " "}, content=pack) == "bad_request"
    await prince.does("DELETE", "/emoji-packs/Verona")
    assert await names(prince) == ["taken"]
    assert await prince.is_refused("DELETE", "/emoji-packs/Verona") == "not_found"


async def test_a_picture_and_a_pack_may_be_larger_than_other_bodies(site: Site) -> None:
    prince = await site.admin()
    large = SMALL + os.urandom(site.deps.settings.body_limit_bytes)
    await added(prince, "rose2", large)
    await prince.does("POST", "/emoji-packs", params={"pack": "Verona"}, content=a_pack({"dagger2.png": large}))
    assert await names(prince) == ["rose2", "dagger2"]


async def test_the_list_is_not_sent_again_while_nothing_changed(site: Site) -> None:
    prince = await site.admin()
    await added(prince, "rose2")
    first = await prince.ask("GET", "/emoji")
    tag = first.headers["etag"]
    again = await prince.ask("GET", "/emoji", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await added(prince, "rose3")
    changed = await prince.ask("GET", "/emoji", headers={"if-none-match": tag})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)


async def test_pictures_are_for_who_is_signed_in_and_no_way_to_other_files(site: Site) -> None:
    prince = await site.admin()
    path = (await added(prince, "rose2"))["picture"]
    query = (await prince.gets("/emoji"))["query"]
    assert (await site.http.get(path)).json()["code"] == "unauthenticated"
    assert (await site.http.get(f"{path}?{query.replace('signature=', 'signature=A')}")).json()["code"] == "bad_token"
    assert (await site.http.get(f"{path}?user=x&ends=9&signature=y")).json()["code"] == "bad_token"
    letter = await prince.does("POST", "/files", params={"name": "letter.png"}, content=SMALL)
    other = path.rpartition("/")[0] + "/" + str(letter["file_id"])
    assert (await site.http.get(f"{other}?{query}")).json()["code"] == "file_not_found"
    # And the query is good for nothing else.
    content = f"/api/v1/files/{path.rpartition('/')[2]}/content?{query}"
    assert (await site.http.get(content)).json()["code"] == "bad_token"


@pytest.fixture
async def tight() -> AsyncIterator[Site]:
    async with a_site(file_settings=FilesSettings(emoji_most=2, user_bytes=100)) as site:
        yield site


async def test_there_are_only_so_many_and_they_take_the_room_of_who_adds_them(tight: Site) -> None:
    prince = await tight.admin()
    assert await prince.is_refused("POST", "/emoji", params={"name": "rose2"}, content=SMALL) == "file_quota"
    tight.deps.files.use(FilesSettings())  # type: ignore[union-attr]
    await added(prince, "rose2", alias="flower2")
    assert await prince.is_refused("POST", "/emoji", params={"name": "rose3"}, content=SMALL) == "conflict"


async def test_a_reaction_may_be_one(either: Site) -> None:
    """Whatever is set is text, so it folds for clients that know no emoji of a place."""
    prince, romeo = await either.admin(), await either.enter("romeo")
    name = "字" * 20
    await added(prince, name)
    where = (await romeo.does("POST", "/conversations", {"kind": "group", "title": "x"}))["conversation_id"]
    said = await romeo.does("POST", f"/conversations/{where}/messages", {"text": f"look: :{name}:"})
    await romeo.does("PUT", f"/conversations/{where}/messages/{said['seq']}/reactions/:{name}:")
    message = (await romeo.gets(f"/conversations/{where}/messages"))["items"][-1]
    assert [one["emoji"] for one in message["reactions"]] == [f":{name}:"]
