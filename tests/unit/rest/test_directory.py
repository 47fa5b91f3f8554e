"""Signing in with the passwords of a directory: a real slapd, over StartTLS, and whatever is typed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from unit.auth.people import PASSWORD, fast_settings
from unit.rest.browser import a_browser
from unit.rest.site import Site, a_site

from hubbub.auth.settings import AuthSettings
from hubbub.fetch.ldap import LdapDirectory
from hubbub.lab.servers import MissingProgram, SlapdServer
from hubbub.lab.servers.slapd import ADMIN, BASE, SECRET, TREE, person_ldif

SOFT = "But soft, what light"


@pytest.fixture(scope="module")
def slapd(certificate: str) -> Iterator[SlapdServer]:
    """A directory with four people in it."""
    server = SlapdServer(durable=False, certificate=(certificate, certificate))
    people = (("romeo", SOFT, "Romeo Montague"), ("prince", SOFT, "Escalus"), ("a(b)*c", SOFT, "Odd"))
    try:
        server.add(TREE + "".join(person_ldif(*one) for one in people))
        with server:
            yield server
    except MissingProgram as missing:
        pytest.skip(str(missing))


def settings(slapd: SlapdServer, certificate: str, **more: object) -> AuthSettings:
    return fast_settings(
        **{
            "ldap_url": slapd.url,
            "ldap_ca_file": certificate,
            "ldap_bind_dn": ADMIN,
            "ldap_bind_password": SECRET,
            "ldap_base": BASE,
            **more,
        }
    )


@asynccontextmanager
async def a_place(auth: AuthSettings) -> AsyncIterator[Site]:
    directory = LdapDirectory(auth)
    try:
        async with a_site(auth=auth, directory=directory) as site:
            yield site
    finally:
        directory.close()


@pytest.fixture
async def place(slapd: SlapdServer, certificate: str) -> AsyncIterator[Site]:
    async with a_place(settings(slapd, certificate, registration_open=False)) as site:
        yield site


async def tries(site: Site, name: str, password: str = SOFT) -> httpx.Response:
    form = {"grant_type": "password", "username": name, "password": password}
    return await site.http.post("/oauth/token", data=form)


async def code_of(site: Site, name: str, password: str = SOFT) -> str:
    return str((await tries(site, name, password)).json().get("code", ""))


async def test_the_directorys_password_signs_in_and_makes_one_account(place: Site) -> None:
    first = await place.log_in("romeo", SOFT)
    again = await place.log_in("ROMEO", SOFT)
    assert first.user_id == again.user_id
    me = await first.gets("/me")
    assert (me["username"], me["display_name"]) == ("romeo", "Romeo Montague")
    assert await code_of(place, "romeo", PASSWORD) == "bad_credentials"
    async with a_browser(place) as browser:
        page = await browser.signs_in(await browser.goes("/oauth/security"), "romeo", SOFT)
        assert "How romeo signs in" in page.text


async def test_an_account_here_is_not_the_directorys_for_having_its_name(place: Site) -> None:
    prince = await place.admin()
    assert await code_of(place, "prince", SOFT) == "bad_credentials"
    assert (await place.log_in("prince")).user_id == prince.user_id
    bot = {"name": "Chorus", "bot": "romeo", "grants": ["client_credentials"], "scopes": ["read"]}
    await prince.does("POST", "/clients", bot)
    assert await code_of(place, "romeo") == "bad_credentials", "nobody logs in as a bot"


@pytest.mark.parametrize("password", ["", " ", "\0", SOFT + "\0"])
async def test_an_empty_password_proves_nothing(place: Site, password: str) -> None:
    assert await code_of(place, "romeo", password) in ("bad_credentials", "bad_request")


@pytest.mark.parametrize(
    "name", ["*", "r*", "rome*", "romeo)(uid=*", "*)(objectClass=*", "romeo)(|(uid=*)", "\\2a", "a(b)*c", "\0romeo"]
)
async def test_what_is_typed_ends_no_filter(place: Site, name: str) -> None:
    assert await code_of(place, name) == "bad_credentials"


async def test_a_filter_takes_a_name_as_it_is(slapd: SlapdServer, certificate: str) -> None:
    directory = LdapDirectory(settings(slapd, certificate))
    try:
        found = await directory.prove("a(b)*c", SOFT)
        assert found is not None
        assert found.display_name == "Odd"
        assert len(found.subject) == 36, "it is known by its entryUUID"
        for name in ("*", "a*", "romeo)(uid=*"):
            assert await directory.prove(name, SOFT) is None
    finally:
        directory.close()


async def test_a_second_step_is_asked_for_all_the_same(place: Site) -> None:
    romeo = await place.log_in("romeo", SOFT)
    assert await romeo.is_refused("POST", "/me/totp", {"password": "guess"}) == "bad_credentials"
    assert (await romeo.does("POST", "/me/totp", {"password": SOFT}))["secret"]


async def test_guesses_at_the_directory_are_slowed_down(place: Site) -> None:
    for _ in range(6):
        assert await code_of(place, "romeo", "guess") == "bad_credentials"
    assert await code_of(place, "romeo") == "rate_limited"


async def test_a_certificate_nobody_trusts_and_a_directory_that_is_away_are_no_answer(
    slapd: SlapdServer, certificate: str
) -> None:
    for wrong in ({"ldap_ca_file": ""}, {"ldap_bind_password": "guess"}, {"ldap_url": "ldap://127.0.0.1:1"}):
        async with a_place(settings(slapd, certificate, **wrong)) as site:
            await site.admin()
            assert await code_of(site, "romeo") == "unavailable", wrong
            assert (await tries(site, "prince", PASSWORD)).status_code == 200, "people here need no directory"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ldap_url": "ldap://ldap.example", "ldap_start_tls": False},
        {"ldap_url": "http://ldap.example"},
        {"ldap_filter": "(uid=romeo)"},
        {"ldap_base": ""},
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"auth\.ldap"):
        LdapDirectory(fast_settings(**{"ldap_url": "ldaps://ldap.example", "ldap_base": "dc=x", **wrong}))
