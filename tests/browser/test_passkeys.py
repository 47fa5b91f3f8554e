"""A browser makes a passkey and signs in with it, and one without script is told what to do instead."""

from __future__ import annotations

from typing import Any

import pytest
from browser.people import LONG_MS, PASSWORD, Place
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

PAGE = "/oauth/security"


@pytest.fixture(scope="module")
def built() -> None:
    """These pages need no web app."""


def a_page(browser: Browser, wrong: list[str], **options: Any) -> Page:
    """Open a page in a browser of its own; what its console calls an error goes to `wrong`."""
    context = browser.new_context(locale="en-GB", **options)
    context.set_default_timeout(LONG_MS)
    page = context.new_page()

    def said(message: ConsoleMessage) -> None:
        # A form that was filled in wrong is an error of HTTP, and meant to be.
        if message.type == "error" and "status of 4" not in message.text:
            wrong.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return page


def with_authenticator(page: Page) -> None:
    """Give a browser an authenticator that keeps passkeys and knows whose finger it is."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def signs_in(page: Page, place: Place) -> None:
    page.goto(f"{place.address}{PAGE}")
    page.get_by_label("Username").fill("romeo")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_browser_makes_a_passkey_and_signs_in_with_it(browser: Browser, place: Place) -> None:
    place.set_up()
    place.register("romeo")
    wrong: list[str] = []
    page = a_page(browser, wrong)
    with_authenticator(page)
    signs_in(page, place)
    passkeys = page.locator("form").filter(has=page.get_by_role("button", name="Add a passkey"))
    passkeys.get_by_label("Your password").fill(PASSWORD)
    passkeys.get_by_label("Name").fill("My phone")
    passkeys.get_by_role("button").click()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_text("My phone, since")).to_be_visible()

    # Beside a password.
    page.context.clear_cookies()
    signs_in(page, place)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("How romeo signs in")).to_be_visible()

    # Alone.
    page.context.clear_cookies()
    page.goto(f"{place.address}{PAGE}")
    page.get_by_role("link", name="Sign in with a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("How romeo signs in")).to_be_visible()
    assert wrong == []

    # A browser without script, or without that passkey, still has a way in.
    plain = a_page(browser, wrong, java_script_enabled=False)
    plain.goto(f"{place.address}{PAGE}")
    plain.get_by_role("link", name="Sign in with a passkey").click()
    expect(plain.get_by_text("needs a browser that runs scripts")).to_be_visible()
    expect(plain.get_by_role("button")).to_have_count(0)
    plain.get_by_role("link", name="Back").click()
    expect(plain.get_by_label("Password")).to_be_visible()
