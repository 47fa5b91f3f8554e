"""A person looks after their account in the settings: second step, passkey, e-mail address, devices, the end of it."""

from __future__ import annotations

import base64
import time
import urllib.error
from collections.abc import Callable

import pytest
from browser.people import PASSWORD, Person, Place
from playwright.sync_api import expect

from hubbub.auth.totp import code_at

Come = Callable[..., Person]


def settles(person: Person, section: str) -> None:
    person.page.goto(f"{person.place.address}/settings/{section}")
    person.page.get_by_role("heading", level=2).wait_for()


def proves(person: Person, code: str = "") -> None:
    """Fill in the dialog that asks whether it is really them."""
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill(PASSWORD)
    if code:
        dialog.get_by_label("Code", exact=True).fill(code)
    person.page.keyboard.press("Enter")


def test_an_app_and_a_passkey_are_set_up_and_taken_away(come: Come, place: Place) -> None:
    place.set_up()
    romeo = come("romeo")
    romeo.has_an_authenticator()
    page = romeo.page
    settles(romeo, "security")
    page.get_by_role("button", name="Set up an app").click()
    page.get_by_role("dialog").get_by_label("Your password").fill("guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    proves(romeo)
    page.get_by_role("img", name="QR code").wait_for()
    secret = base64.b32decode(page.get_by_role("dialog").locator("code").inner_text().replace(" ", ""))
    page.get_by_label("Code the app shows").fill(code_at(secret, int(time.time()) // 30))
    page.keyboard.press("Enter")
    shown = page.get_by_role("dialog", name="Recovery codes").locator("li")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_role("region", name="Recovery codes")).to_contain_text("10 left")

    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("My phone")
    proves(romeo)
    passkeys = page.get_by_role("region", name="Passkeys")
    expect(passkeys.get_by_role("listitem")).to_contain_text("My phone")
    passkeys.get_by_role("button", name="Rename My phone").click()
    passkeys.get_by_label("Name", exact=True).fill("The phone")
    page.keyboard.press("Enter")
    expect(passkeys.get_by_role("listitem")).to_contain_text("The phone")
    page.get_by_role("button", name="Turn the app off").click()
    proves(romeo, codes[0])
    expect(page.get_by_role("button", name="Set up an app")).to_be_visible()
    # The last second step goes only with a code as well.
    passkeys.get_by_role("button", name="Remove The phone").click()
    proves(romeo, codes[1])
    expect(passkeys.get_by_role("listitem")).to_have_count(0)
    expect(page.get_by_role("region", name="Recovery codes")).to_have_count(0)


def test_an_address_devices_and_the_end(come: Come, place: Place) -> None:
    place.set_up()
    romeo, other = come("romeo"), come("romeo")
    page = romeo.page
    settles(romeo, "account")
    page.get_by_role("textbox", name="E-mail address").fill("romeo@verona.example")
    page.get_by_role("button", name="Mail a link").click()
    proves(romeo)
    page.get_by_role("status").filter(has_text="romeo@verona.example").wait_for()
    link, _ = place.link_to("romeo@verona.example")
    tab = romeo.context.new_page()
    tab.goto(link)
    tab.get_by_role("button", name="Confirm").click()
    tab.get_by_role("heading", name="Your address is confirmed").wait_for()
    tab.close()
    settles(romeo, "account")
    expect(page.get_by_text("Confirmed")).to_be_visible()

    settles(romeo, "devices")
    mine = page.get_by_role("listitem").filter(has_text="This device")
    mine.get_by_role("button", name="Rename").click()
    page.get_by_label("Name of the device").fill("The desk")
    page.keyboard.press("Enter")
    expect(mine).to_contain_text("The desk")
    page.get_by_role("button", name="Log all other devices out").click()
    romeo.confirms("Log out")
    other.page.get_by_role("button", name="Log in", exact=True).wait_for()

    settles(romeo, "account")
    page.get_by_role("button", name="Delete account").click()
    proves(romeo)
    page.get_by_role("button", name="Log in", exact=True).wait_for()
    page.get_by_label("Username").fill("romeo")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("place", [{"HUBBUB_AUTH_NEW_DEVICES_AFTER_S": "0"}], indirect=True)
def test_an_open_app_asks_about_a_new_device_and_throws_a_stranger_out(come: Come, place: Place) -> None:
    place.set_up()
    page = come("romeo").page
    asked = page.get_by_role("alert").filter(has_text="Was this you?")
    thief = place.token_of("romeo", device="Lute")
    expect(asked).to_contain_text("New sign-in: Lute, from 127.0.0.1")
    asked.get_by_role("button", name="No, end it").click()
    page.get_by_role("button", name="Change password").click()
    page.get_by_role("heading", name="Security").wait_for()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        place.post("/api/v1/me", None, thief, method="GET")

    mine = place.token_of("romeo", device="Phone")
    expect(asked).to_contain_text("Phone")
    # Whoever was not there is asked when they come back, until they have answered.
    page.reload()
    asked.get_by_role("button", name="Yes").click()
    expect(asked).to_have_count(0)
    page.reload()
    page.get_by_role("heading", name="Security").wait_for()
    left = place.post("/api/v1/me/arrivals", None, mine, method="GET")["arrivals"]
    assert [one["active"] for one in left] == [False]
    assert place.post("/api/v1/me", None, mine, method="GET")["username"] == "romeo"
