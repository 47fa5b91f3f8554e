"""Addresses that are proved, passwords that were forgotten, accounts that end; over HTTP and on the pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from unit.auth.people import PASSWORD, fast_settings
from unit.rest.site import Person, Site, a_site

from hubbub.auth.recovery import clean_email
from hubbub.base.errors import ChatError
from hubbub.server.erasing import Erasing

MAIL = "Romeo@Verona.example"
OTHER = "thou, Romeo?"
ZH = {"accept-language": "zh-CN,zh;q=0.9"}


def token_of(site: Site) -> str:
    """Return what the newest letter has in its link."""
    found = re.search(r"\?token=(\S+)", site.letters[-1].text)
    assert found is not None, site.letters[-1].text
    return found[1]


async def proved(site: Site, person: Person, email: str = MAIL) -> None:
    await person.does("PUT", "/me/email", {"email": email, "password": PASSWORD})
    answer = await site.http.post("/api/v1/accounts/email", json={"token": token_of(site)})
    assert answer.status_code == 204, answer.text


async def asks(site: Site, email: str = MAIL) -> Any:
    answer = await site.http.post("/api/v1/accounts/forgotten", json={"email": email})
    await site.recovery.answer()
    return answer


async def test_an_address_is_ones_own_once_its_link_was_followed(either: Site) -> None:
    romeo = await either.enter("romeo")
    assert await romeo.is_refused("PUT", "/me/email", {"email": MAIL, "password": "wrong"}) == "bad_credentials"
    assert await romeo.is_refused("PUT", "/me/email", {"email": "no address", "password": PASSWORD}) == "bad_request"
    await romeo.does("PUT", "/me/email", {"email": MAIL, "password": PASSWORD})
    assert either.letters[-1].to == "Romeo@verona.example"
    assert f"{either.deps.oauth.issuer}/account/verify?token=" in either.letters[-1].text
    assert (await romeo.gets("/me"))["email"] == ""
    token = token_of(either)
    for wrong in ("x", token[:-1], token + "x", "é"):
        answer = await either.http.post("/api/v1/accounts/email", json={"token": wrong})
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_link")
    # It proves an address and does nothing else.
    answer = await either.http.post("/api/v1/accounts/password", json={"token": token, "password": OTHER})
    assert answer.json()["code"] == "bad_link"
    assert (await either.http.post("/api/v1/accounts/email", json={"token": token})).status_code == 204
    assert (await either.http.post("/api/v1/accounts/email", json={"token": token})).json()["code"] == "bad_link"
    assert (await romeo.gets("/me"))["email"] == "Romeo@verona.example"
    await proved(either, romeo, "new@verona.example")
    assert (either.letters[-1].to, "another address" in either.letters[-1].text) == ("Romeo@verona.example", True)
    await romeo.does("PUT", "/me/email", {"email": "", "password": PASSWORD})
    assert (await romeo.gets("/me"))["email"] == ""
    await asks(either, "new@verona.example")
    assert "another address" in either.letters[-1].text


async def test_a_mailed_link_changes_the_password_once_and_logs_every_device_out(either: Site) -> None:
    romeo = await either.enter("romeo")
    phone = await either.log_in("romeo")
    await proved(either, romeo)
    assert (await asks(either, "ROMEO@VERONA.EXAMPLE ")).status_code == 204
    token = token_of(either)
    weak = await either.http.post("/api/v1/accounts/password", json={"token": token, "password": "romeo"})
    assert weak.json()["code"] == "weak_password"
    answer = await either.http.post("/api/v1/accounts/password", json={"token": token, "password": OTHER})
    assert answer.status_code == 204, answer.text
    for person in (romeo, phone):
        assert await person.is_refused("GET", "/me") == "session_ended"
    form = {"grant_type": "refresh_token", "refresh_token": phone.tokens["refresh_token"]}
    assert (await either.http.post("/oauth/token", data=form)).status_code == 400
    assert {user for user, _ in either.ended} == {romeo.user_id}
    again = await either.http.post("/api/v1/accounts/password", json={"token": token, "password": OTHER})
    assert again.json()["code"] == "bad_link"
    await either.log_in("romeo", OTHER)
    assert either.letters[-1].subject.endswith("your password was changed")


async def test_a_link_is_worth_nothing_once_the_password_was_changed_otherwise(either: Site) -> None:
    romeo = await either.enter("romeo")
    await proved(either, romeo)
    await asks(either)
    token = token_of(either)
    await romeo.does("POST", "/me/password", {"old_password": PASSWORD, "new_password": "something new"})
    answer = await either.http.post("/api/v1/accounts/password", json={"token": token, "password": OTHER})
    assert answer.json()["code"] == "bad_link"


async def test_nobody_learns_whether_an_address_is_known(site: Site) -> None:
    await proved(site, await site.enter("romeo"))
    said = []
    for email in (MAIL, "stranger@verona.example"):
        before = len(site.letters)
        # What is sent is sent after the answer, so its time says nothing either.
        answer = await site.http.post("/api/v1/accounts/forgotten", json={"email": email})
        page = await site.http.post("/account/forgot", data={"email": email})
        assert len(site.letters) == before
        said.append((answer.status_code, answer.content, page.status_code, page.text))
    assert said[0] == said[1]
    await site.recovery.answer()
    assert {letter.to for letter in site.letters} == {"Romeo@verona.example"}


async def test_letters_are_limited_by_address_and_by_mailbox_known_or_not() -> None:
    async with a_site(auth=fast_settings(letters_per_hour=5.0)) as site:
        await proved(site, await site.enter("romeo"))
        for email in (MAIL, "stranger@verona.example"):
            for _ in range(3 if email == MAIL else 1):
                assert (await asks(site, email)).status_code == 204
        refused = await asks(site, "third@verona.example")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        page = await site.http.post("/account/forgot", data={"email": "third@verona.example"})
        assert (page.status_code, page.headers["retry-after"]) == (429, refused.headers["retry-after"])
    async with a_site(auth=fast_settings(letters_per_hour=50.0)) as site:
        for email in ("romeo@x.example", "nobody@x.example"):
            for _ in range(3):
                assert (await asks(site, email)).status_code == 204
            assert (await asks(site, email)).status_code == 429


async def test_a_link_ends_by_itself(site: Site) -> None:
    async with a_site(auth=fast_settings(reset_link_s=0)) as hasty:
        await proved(hasty, await hasty.enter("romeo"))
        await asks(hasty)
        answer = await hasty.http.post("/api/v1/accounts/password", json={"token": token_of(hasty), "password": OTHER})
        assert answer.json()["code"] == "bad_link"


async def test_the_pages_need_no_script_and_speak_both_languages(site: Site) -> None:
    await proved(site, await site.enter("romeo"))
    form = await site.http.get("/account/forgot")
    assert ("<script" in form.text, "Forgot your password?" in form.text) == (False, True)
    assert "忘记密码" in (await site.http.get("/account/forgot", headers=ZH)).text
    sent = await site.http.post("/account/forgot", data={"email": MAIL}, headers=ZH)
    assert "请查收邮件" in sent.text
    await site.recovery.answer()
    assert "设置新密码" in site.letters[-1].subject
    token = token_of(site)
    page = await site.http.get("/account/reset", params={"token": token})
    assert f'value="{token}"' in page.text
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    weak = await site.http.post("/account/reset", data={"token": token, "password": "x"})
    assert (weak.status_code, 'role="alert"' in weak.text, token in weak.text) == (400, True, True)
    done = await site.http.post("/account/reset", data={"token": token, "password": OTHER})
    assert (done.status_code, "romeo" in done.text) == (200, True)
    over = await site.http.post("/account/reset", data={"token": token, "password": OTHER}, headers=ZH)
    assert (over.status_code, "/account/forgot" in over.text, "已失效" in over.text) == (403, True, True)
    romeo = await site.log_in("romeo", OTHER)
    await romeo.does("PUT", "/me/email", {"email": "x@y.example", "password": OTHER})
    # Whatever looks at mail may follow the link; only the form does something.
    await site.http.get("/account/verify", params={"token": token_of(site)})
    assert (await romeo.gets("/me"))["email"] == "Romeo@verona.example"
    confirmed = await site.http.post("/account/verify", data={"token": token_of(site)})
    assert confirmed.status_code == 200
    assert (await romeo.gets("/me"))["email"] == "x@y.example"
    assert (await site.http.post("/account/verify", data={"token": '"><b>'})).status_code == 403


@pytest.mark.parametrize(
    "email", ["", "x", "@x", "x@", "a b@c.d", "a@b@c", "x@.d", "x@d.", "<x@y.z>", "x\n@y.z", "a" * 65 + "@x.y"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ChatError):
        clean_email(email)


# ---------------------------------------------------------------- the end of an account


async def test_a_deleted_account_is_over_everywhere_and_its_name_is_nobodys(either: Site) -> None:
    await either.admin()
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    phone = await either.log_in("romeo")
    await proved(either, romeo)
    chat = (await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id}))["conversation_id"]
    await romeo.does("POST", f"/conversations/{chat}/messages", {"text": "Farewell"})
    assert await romeo.is_refused("POST", "/me/delete", {"password": "wrong"}) == "bad_credentials"
    await romeo.does("POST", "/me/delete", {"password": PASSWORD})
    for person in (romeo, phone):
        assert await person.is_refused("GET", "/me") == "session_ended"
    form = {"grant_type": "password", "username": "romeo", "password": PASSWORD}
    assert (await either.http.post("/oauth/token", data=form)).status_code == 400
    made = await either.http.post("/api/v1/accounts", json={"username": "Romeo", "password": PASSWORD})
    assert made.json()["code"] == "username_taken"
    letters = len(either.letters)
    await asks(either)
    assert len(either.letters) == letters
    (message,) = [
        row for row in (await juliet.gets(f"/conversations/{chat}/messages"))["items"] if "message" in str(row)
    ]
    assert "Farewell" in str(message)
    await either.accounts.set_active(romeo.user_id, True)
    assert not (await either.accounts.profile(romeo.user_id)).active


async def test_nothing_of_a_deleted_person_is_shown(tmp_path: Any) -> None:
    async with a_site(tmp_path / "data") as site:
        romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
        await romeo.does("PATCH", "/me", {"display_name": "Romeo M.", "signature": "But soft!"})
        await romeo.does("POST", "/me/delete", {"password": PASSWORD})
        shown = await juliet.gets(f"/users/{romeo.user_id}")
        assert (shown["username"], shown["display_name"], shown["signature"]) == ("deleted account", "", "")
        assert (await juliet.gets("/users", username="romeo"))["users"] == []
        assert (await juliet.gets("/users", query="rom"))["users"] == []


async def test_the_last_admin_stays(either: Site) -> None:
    prince = await either.admin()
    assert await prince.is_refused("POST", "/me/delete", {"password": PASSWORD}) == "forbidden"
    assert (await prince.gets("/me"))["is_admin"]


async def test_what_they_wrote_is_recalled_where_the_operator_wants_that() -> None:
    async with a_site(auth=fast_settings(deleted_messages="recall")) as site:
        romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
        chat = (await romeo.does("POST", "/conversations/direct", {"user_id": juliet.user_id}))["conversation_id"]
        for person, words in ((romeo, "Soft!"), (juliet, "Ay me!"), (romeo, "She speaks.")):
            await person.does("POST", f"/conversations/{chat}/messages", {"text": words})
        await romeo.does("POST", "/me/delete", {"password": PASSWORD})
        assert await site.account_store.to_recall(10) == [romeo.user_id]
        for _ in range(2):
            await Erasing(site.account_store, site.chat).step()
        assert await site.account_store.to_recall(10) == []
        shown = str(await juliet.gets(f"/conversations/{chat}/messages"))
        assert ("Soft!" in shown, "She speaks" in shown, "Ay me!" in shown) == (False, False, True)
