"""What is behind the links of a message, for whoever may see the message."""

from __future__ import annotations

from msgspec.structs import replace
from unit.rest.site import Site

from hubbub.links.address import key_of
from hubbub.links.model import LinkRow, LinkState, SmallImage
from hubbub.links.settings import LinksSettings

VERONA = "https://verona.example/"


async def test_who_sees_a_message_sees_its_links_and_nobody_else(either: Site) -> None:
    romeo, juliet, tybalt = [await either.enter(name) for name in ("romeo", "juliet", "tybalt")]
    where = (await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id}))["conversation_id"]
    sent = await romeo.does("POST", f"/conversations/{where}/messages", {"text": f"read {VERONA}."})
    path = f"/conversations/{where}/messages/{sent['seq']}/links"
    (link,) = (await juliet.gets(path))["links"]
    assert (link["url"], link["state"], link["image"]) == (VERONA, "waiting", "")
    assert either.woken.times == 1
    row = LinkRow(key=key_of(VERONA), url=VERONA, state=LinkState.READY, title="Verona", site="Chronicle")
    await either.link_rows.settle(replace(row, image=SmallImage(b"small", "image/webp", 40, 20)), 0)
    (link,) = (await juliet.gets(path))["links"]
    assert (link["state"], link["title"], link["site"]) == ("ready", "Verona", "Chronicle")
    assert (link["image"], link["image_width"]) == ("data:image/webp;base64,c21hbGw=", 40)
    assert await tybalt.is_refused("GET", path) == "conversation_not_found"
    assert await juliet.is_refused("GET", f"/conversations/{where}/messages/999/links") == "message_not_found"
    await romeo.does("DELETE", f"/conversations/{where}/messages/{sent['seq']}")
    assert (await juliet.gets(path))["links"] == []


async def test_a_message_without_links_has_none_and_neither_has_one_where_it_is_switched_off(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    where = (await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id}))["conversation_id"]
    for text in ("no link", VERONA):
        sent = await romeo.does("POST", f"/conversations/{where}/messages", {"text": text})
        if text == VERONA:
            assert site.deps.link_previews is not None
            site.deps.link_previews.use(LinksSettings(previews=False))
        assert (await romeo.gets(f"/conversations/{where}/messages/{sent['seq']}/links"))["links"] == []
    assert site.woken.times == 0
