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
    """Verona, and Mantua, whose people may sign in there; both by number, as each knows itself."""
    port = free_port()
    there = Served(tmp_path / "mantua")
    served = [there]
    try:
        mantua = Place(there, f"http://127.0.0.1:{there.start().http[1]}")
        mantua.set_up("Mantua")
        mantua.register("romeo")
        client = {
            "name": "Verona",
            "redirect_uris": [f"http://127.0.0.1:{port}{CALLBACK}"],
            "scopes": ["openid", "profile"],
        }
        made = mantua.post(f"{API}/clients", client, mantua.token_of("prince"))
        here = Served(
            tmp_path / "verona",
            HUBBUB_AUTH_PROVIDER_ISSUER=mantua.address,
            HUBBUB_AUTH_PROVIDER_NAME="Mantua",
            HUBBUB_AUTH_PROVIDER_CLIENT_ID=made["client_id"],
            HUBBUB_AUTH_PROVIDER_CLIENT_SECRET=made["client_secret"],
        )
        served.append(here)
        here.start(port)
        verona = Place(here, f"http://127.0.0.1:{port}")
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
