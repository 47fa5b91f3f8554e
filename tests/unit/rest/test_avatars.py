"""The picture somebody shows of themselves."""

from __future__ import annotations

from pathlib import Path

from unit.auth.people import PASSWORD
from unit.files.images import a_picture
from unit.rest.site import Person, Site, a_site


async def uploaded(who: Person, content: bytes) -> str:
    answer = await who.ask("POST", "/files", params={"name": "me.png"}, content=content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["file_id"])


async def test_a_picture_is_for_everybody_until_another_takes_its_place(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    first, second = await uploaded(romeo, a_picture()), await uploaded(romeo, a_picture(size=(1600, 1200)))
    assert await juliet.is_refused("GET", f"/files/{first}") == "file_not_found"
    assert (await romeo.does("PUT", "/me/avatar", {"file_id": first}))["avatar"] == first
    assert (await juliet.gets(f"/files/{first}"))["type"].startswith("image/")
    assert (await juliet.ask("GET", f"/files/{first}/content")).status_code == 200
    assert await romeo.is_refused("DELETE", f"/files/{first}") == "conflict"
    await romeo.does("PUT", "/me/avatar", {"file_id": second})
    assert await juliet.is_refused("GET", f"/files/{first}") == "file_not_found"
    assert (await juliet.ask("GET", f"/files/{second}/preview")).status_code == 200
    await romeo.does("DELETE", f"/files/{first}")
    assert (await romeo.does("PUT", "/me/avatar", {"file_id": ""}))["avatar"] == ""
    assert await juliet.is_refused("GET", f"/files/{second}") == "file_not_found"


async def test_only_a_picture_of_ones_own_can_show_somebody(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    picture, text = await uploaded(romeo, a_picture()), await uploaded(romeo, b"But soft!")
    await romeo.does("PUT", "/me/avatar", {"file_id": picture})
    for file_id, code in ((picture, "file_not_found"), ("ab" * 16, "file_not_found"), ("x", "file_not_found")):
        assert await juliet.is_refused("PUT", "/me/avatar", {"file_id": file_id}) == code
    assert await romeo.is_refused("PUT", "/me/avatar", {"file_id": text}) == "bad_request"
    assert (await romeo.gets("/me"))["avatar"] == picture


async def test_people_are_listed_with_their_picture_and_it_goes_with_their_account(tmp_path: Path) -> None:
    async with a_site(tmp_path / "data") as site:
        romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
        picture = await uploaded(romeo, a_picture())
        await romeo.does("PUT", "/me/avatar", {"file_id": picture})
        assert (await juliet.gets(f"/users/{romeo.user_id}"))["avatar"] == picture
        await romeo.does("POST", "/me/delete", {"password": PASSWORD})
        assert (await juliet.gets(f"/users/{romeo.user_id}"))["avatar"] == ""
        assert await juliet.is_refused("GET", f"/files/{picture}") == "file_not_found"
