"""People come in: by a code, by an administrator's word, with a second step, and after they forgot their password."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from browser.people import PASSWORD, Person, Place
from playwright.sync_api import Browser, Locator, expect

from hubbub.auth.totp import code_at

API = "/api/v1"


def a_guest(browser: Browser, place: Place, path: str, **options: Any) -> Person:
    """Somebody without a login, at a page."""
    guest = Person(browser, place, "guest", **options)
    guest.page.goto(f"{place.address}{path}")
    return guest


def fills_in(guest: Person, username: str, password: str = PASSWORD) -> None:
    guest.page.get_by_label("Username").fill(username)
    guest.page.get_by_label("Password").fill(password)
    guest.page.locator("button[type=submit]").click()


def at_the_people(prince: Person, which: str) -> Locator:
    """Go to a list of the console's page of people."""
    prince.in_list("general").wait_for()
    prince.page.goto(f"{prince.place.address}/admin/people")
    main = prince.page.locator("main")
    main.get_by_role("button", name=which).click()
    return main


def code_now(secret: bytes, *, later: int = 0) -> str:
    return code_at(secret, int(time.time()) // 30 + later)


def with_app(place: Place, username: str) -> tuple[bytes, list[str]]:
    """Set an authenticator app up for somebody; return its secret, and recovery codes."""
    token = place.token_of(username)
    offer = place.post(f"{API}/me/totp", {"password": PASSWORD}, token)
    secret = base64.b32decode(offer["secret"] + "=" * (-len(offer["secret"]) % 8))
    made = place.post(f"{API}/me/totp/confirm", {"code": code_now(secret)}, token)
    return secret, made["recovery_codes"]


@pytest.mark.parametrize("place", [{"HUBBUB_AUTH_REGISTRATION": "invitation"}], indirect=True)
def test_who_has_a_code_comes_in(browser: Browser, place: Place) -> None:
    place.set_up()
    prince = a_guest(browser, place, "/login")
    fills_in(prince, "prince")
    main = at_the_people(prince, "Invitation codes")
    main.get_by_role("button", name="New code").click()
    main.get_by_label("What it is for").fill("For a Montague")
    main.get_by_role("button", name="Make the code").click()
    made = main.locator("li").filter(has_text="For a Montague")
    expect(made).to_contain_text("1 use left")
    guest = a_guest(browser, place, "/register?code=guess")
    expect(guest.page.get_by_label("Invitation code")).to_have_value("guess")
    fills_in(guest, "romeo")
    expect(guest.page.get_by_role("alert")).to_contain_text("code")
    guest.page.get_by_label("Invitation code").fill(made.locator("code").inner_text())
    guest.page.locator("button[type=submit]").click()
    guest.in_list("general").wait_for()
    guest.looks_for_trouble()
    prince.looks_for_trouble()


@pytest.mark.parametrize("place", [{"HUBBUB_AUTH_REGISTRATION": "approval"}], indirect=True)
def test_who_is_let_in_comes_in(browser: Browser, place: Place) -> None:
    place.set_up()
    guest = a_guest(browser, place, "/register")
    fills_in(guest, "romeo")
    expect(guest.page.get_by_role("heading", name="Almost there")).to_be_visible()
    guest.page.get_by_role("button", name="See whether I am in").click()
    expect(guest.page.get_by_role("heading", name="Almost there")).to_be_visible()
    # Whoever comes back another day, too.
    again = a_guest(browser, place, "/login")
    fills_in(again, "romeo")
    expect(again.page.get_by_role("heading", name="Almost there")).to_be_visible()
    prince = a_guest(browser, place, "/login")
    fills_in(prince, "prince")
    main = at_the_people(prince, "Waiting")
    main.locator("li").filter(has_text="romeo").get_by_role("button", name="Let in").click()
    expect(main.get_by_text("Nobody waits")).to_be_visible()
    guest.page.get_by_role("button", name="See whether I am in").click()
    guest.in_list("general").wait_for()
    guest.looks_for_trouble()


def test_the_second_step_is_a_code_or_a_recovery_code(browser: Browser, place: Place) -> None:
    place.set_up()
    place.register("romeo")
    secret, recovery_codes = with_app(place, "romeo")
    guest = a_guest(browser, place, "/login")
    fills_in(guest, "romeo")
    expect(guest.page.get_by_role("heading", name="One more step")).to_be_visible()
    expect(guest.page.get_by_label("Code")).to_be_focused()
    guest.page.keyboard.type("000000")
    guest.page.keyboard.press("Enter")
    expect(guest.page.get_by_role("alert")).to_be_visible()
    # The one that set the app up is spent.
    guest.page.get_by_label("Code").fill(code_now(secret, later=1))
    guest.page.keyboard.press("Enter")
    guest.in_list("general").wait_for()
    guest.looks_for_trouble()

    other = a_guest(browser, place, "/login")
    fills_in(other, "romeo")
    other.page.get_by_label("Code").fill(recovery_codes[0])
    other.page.keyboard.press("Enter")
    other.in_list("general").wait_for()


def test_a_forgotten_password_is_replaced_by_a_mailed_link(browser: Browser, place: Place) -> None:
    place.set_up()
    place.register("romeo")
    address = "romeo@verona.example"
    place.post(f"{API}/me/email", {"email": address, "password": PASSWORD}, place.token_of("romeo"), method="PUT")
    link, letters = place.link_to(address)
    guest = a_guest(browser, place, "/login")
    guest.page.goto(link)
    guest.page.get_by_role("button", name="Confirm").click()
    guest.page.get_by_role("heading", name="Your address is confirmed").wait_for()
    guest.page.goto(f"{place.address}/login")
    guest.page.get_by_role("link", name="Forgot your password?").click()
    guest.page.get_by_label("E-mail address").fill(address)
    guest.page.get_by_role("button", name="Mail me a link").click()
    guest.page.get_by_role("heading", name="Look into your mail").wait_for()
    link, _ = place.link_to(address, after=letters)
    guest.page.goto(link)
    guest.page.get_by_label("New password").fill("thou, Romeo? thou")
    guest.page.get_by_role("button", name="Save").click()
    guest.page.get_by_role("link", name="Log in", exact=True).click()
    fills_in(guest, "romeo", "thou, Romeo? thou")
    guest.in_list("general").wait_for()
    guest.looks_for_trouble()


def test_a_passkey_is_enough(browser: Browser, place: Place) -> None:
    place.set_up()
    place.register("romeo")
    romeo = a_guest(browser, place, "/oauth/security")
    romeo.has_an_authenticator()
    romeo.page.get_by_label("Username").fill("romeo")
    romeo.page.get_by_label("Password").fill(PASSWORD)
    romeo.page.get_by_role("button", name="Sign in", exact=True).click()
    form = romeo.page.locator("form").filter(has=romeo.page.get_by_role("button", name="Add a passkey"))
    form.get_by_label("Your password").fill(PASSWORD)
    form.get_by_label("Name").fill("My phone")
    form.get_by_role("button").click()
    romeo.page.get_by_role("button", name="Make the passkey").click()
    romeo.page.get_by_role("heading", name="Recovery codes").wait_for()
    romeo.page.goto(f"{place.address}/login?next=/settings/devices")
    romeo.page.get_by_role("button", name="Log in with a passkey").click()
    romeo.page.get_by_role("button", name="Use a passkey").click()
    romeo.page.get_by_role("heading", name="Devices").wait_for()
    expect(romeo.page.get_by_text("This device")).to_be_visible()
    # An answer to no question of this tab is none.
    stranger = a_guest(browser, place, "/signed-in?code=x&state=y")
    expect(stranger.page.get_by_role("alert")).to_contain_text("not begun in this window")
