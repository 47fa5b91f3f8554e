"""The audit log over HTTP."""

from __future__ import annotations

from typing import Any

from unit.rest.site import Site

from hubbub.auth.audit import AuditEntry, Chain


async def test_what_is_done_over_http_says_by_whom_and_from_where(either: Site) -> None:
    prince = await either.admin()
    await prince.does("POST", "/clients", {"name": "Wiki", "redirect_uris": ["https://wiki.example/cb"]})
    (entry,) = (await prince.gets("/audit", act="client.added"))["entries"]
    assert entry["user_id"] == prince.user_id
    assert entry["client_id"] == "hubbub"
    assert entry["address"] == "127.0.0.1"
    assert '"name":"Wiki"' in entry["detail"]
    # Nobody was logged in.
    (setup,) = (await prince.gets("/audit", act="place.set_up"))["entries"]
    assert (setup["user_id"], setup["address"]) == ("", "")
    romeo = await either.enter("romeo")
    (added,) = (await prince.gets("/audit", act="account.added", target=romeo.user_id))["entries"]
    assert (added["user_id"], added["address"]) == ("", "127.0.0.1")


async def test_a_change_of_a_live_setting_is_remembered_with_what_it_was(site: Site) -> None:
    prince = await site.admin()
    await prince.does("PUT", "/config/gateway.login_policy", {"value": "reject", "note": "feast"})
    (entry,) = (await prince.gets("/audit", act="setting"))["entries"]
    assert entry["target"] == "gateway.login_policy"
    assert entry["detail"] == '{"from":null,"note":"feast","to":"reject","version":1}'


async def test_an_announcement_is_remembered_once(site: Site) -> None:
    prince = await site.admin()
    body = {"text": "Come, civil brawls!", "client_id": "0190f0e1-a2b3-7c4d-8e9f-a0b1c2d3e4f5"}
    await prince.does("POST", "/announcements", body)
    await prince.does("POST", "/announcements", body)
    assert len((await prince.gets("/audit", act="announcement"))["entries"]) == 1


async def test_whoever_reads_can_check_the_chain(either: Site) -> None:
    prince = await either.admin()
    for name in ("romeo", "juliet", "tybalt"):
        await either.enter(name)
    chain, cursor, pages = Chain(), "", 0
    while True:
        page = await prince.gets("/audit", order="oldest", limit=2, cursor=cursor)
        for one in page["entries"]:
            assert chain.follow(entry_of(one)) is None
        pages, cursor = pages + 1, page["next_cursor"]
        if not cursor:
            break
    assert pages > 1
    assert (chain.last.seq, chain.last.hash.hex()) == (page["head"]["seq"], page["head"]["hash"])


def entry_of(one: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**{**one, "previous": bytes.fromhex(one["previous"]), "hash": bytes.fromhex(one["hash"])})


async def test_who_guesses_at_the_password_of_an_open_login_is_remembered(either: Site) -> None:
    prince, romeo = await either.admin(), await either.enter("romeo")
    body = {"old_password": "guess", "new_password": "wherefore art thou, Romeo?"}
    assert await romeo.is_refused("POST", "/me/password", body) == "bad_credentials"
    assert await romeo.is_refused("POST", "/me/delete", {"password": "guess"}) == "bad_credentials"
    entries = (await prince.gets("/audit", act="session.refused", target=romeo.user_id))["entries"]
    assert [one["detail"] for one in entries] == ['{"why":"password"}'] * 2


async def test_only_who_may_reads_it(site: Site) -> None:
    await site.admin()
    romeo = await site.enter("romeo")
    assert await romeo.is_refused("GET", "/audit") == "forbidden"
