"""People whose accounts are elsewhere: a second Hubbub is the provider, and both are clicked through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.people import PASSWORD, Person, Place
from e2e.served import Served
from playwright.sync_api import Browser, Page, expect

from hubbub.auth.foreign import CALLBACK
from hubbub.lab.servers.ports import free_port

API = "/api/v1"


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    """Verona by name, and Mantua by number, whose people may sign in there: browsers keep their cookies apart so."""
    port = free_port()
    there = Served(tmp_path / "mantua")
    served = [there]
    try:
        mantua = Place(there, f"http://127.0.0.1:{there.start().http[1]}")
        mantua.set_up("Mantua")
        mantua.register("romeo")
        client = {
            "name": "Verona",
            "redirect_uris": [f"http://localhost:{port}{CALLBACK}"],
            "scopes": ["openid", "profile"],
        }
        made = mantua.post(f"{API}/clients", client, mantua.token_of("prince"))
        here = Served(
            tmp_path / "verona",
            HUBBUB_PUBLIC_URL=f"http://localhost:{port}",
            HUBBUB_AUTH_PROVIDER_ISSUER=mantua.address,
            HUBBUB_AUTH_PROVIDER_NAME="Mantua",
            HUBBUB_AUTH_PROVIDER_CLIENT_ID=made["client_id"],
            HUBBUB_AUTH_PROVIDER_CLIENT_SECRET=made["client_secret"],
        )
        served.append(here)
        here.start(port)
        verona = Place(here, f"http://localhost:{port}")
        verona.set_up("Verona")
        yield verona, mantua
    finally:
        for one in served:
            one.stop()


def signs_in(page: Page, username: str) -> None:
    """Fill in the page of either server."""
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_who_has_an_account_elsewhere_comes_in_with_it(browser: Browser, places: tuple[Place, Place]) -> None:
    verona, mantua = places
    romeo = Person(browser, verona, "romeo")
    romeo.page.goto(f"{verona.address}/login")
    romeo.page.get_by_role("button", name="Continue with Mantua").click()
    romeo.page.get_by_role("button", name="Sign in with Mantua").click()
    assert romeo.page.url.startswith(mantua.address)
    signs_in(romeo.page, "romeo")
    expect(romeo.page.get_by_role("heading")).to_have_text("Allow Verona?")
    romeo.page.get_by_role("button", name="Allow", exact=True).click()
    romeo.opens("general")
    romeo.says("Banished? And yet here")
    romeo.sees("And yet here")
    romeo.looks_for_trouble()

    # Somebody who has a password here lets an account there open the door as well, and closes it again.
    verona.register("mercutio")
    mantua.register("mercutio")
    mercutio = Person(browser, verona, "mercutio")
    mercutio.logs_in()
    page = mercutio.page
    page.goto(f"{verona.address}/settings/security")
    card = page.get_by_role("region", name="Account at Mantua")
    expect(card).to_contain_text("Off")
    card.get_by_role("button", name="Link on the sign-in page").click()
    signs_in(page, "mercutio")
    page.get_by_role("button", name="Connect your account at Mantua").click()
    signs_in(page, "mercutio")
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_text("You sign in with Mantua as well")).to_be_visible()
    page.goto(f"{verona.address}/settings/security")
    expect(card).to_contain_text("Linked")
    card.get_by_role("button", name="Unlink").click()
    page.get_by_role("dialog").get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Off")
    mercutio.looks_for_trouble()
