"""`hubbub login --device`: nothing is typed into the terminal, somebody says yes in a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.authenticator import Authenticator
from unit.auth.people import fast_settings
from unit.cli.served import served
from unit.rest.browser import a_browser
from unit.rest.site import ISSUER, Person, Site
from unit.rest.test_passkeys import answers as answers_with
from unit.rest.test_passkeys import is_in, passkey_page, with_passkey

from hubbub.cli.login import keep_device_login
from hubbub.cli.profile import NotLoggedIn, ProfileFile
from hubbub.client import HubbubError
from hubbub.client.http import DeviceCode


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Site, str]]:
    """A site whose devices ask as often as they like, and an address of it."""
    monkeypatch.setenv("HUBBUB_HOME", str(tmp_path / "home"))
    async with served(tmp_path, auth=fast_settings(device_poll_s=0)) as served_site:
        yield served_site


async def logs_in(place: tuple[Site, str], decision: str) -> None:
    """Log a profile in by a code, which romeo answers at a browser with a passkey."""
    site, url = place
    key = Authenticator(ISSUER)
    await with_passkey(await site.enter("romeo"), key)
    shown: asyncio.Future[DeviceCode] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks, a_browser(site) as browser:
        tasks.create_task(keep_device_login(ProfileFile("romeo"), url, shown.set_result))
        begun = await shown
        await answers_with(browser, await passkey_page(browser), key)
        assert await is_in(browser)
        page = await browser.goes(begun.verification_uri_complete.removeprefix(ISSUER))
        assert begun.user_code in page.text
        await browser.sends(page, decision=decision)


async def test_a_profile_is_let_in_from_a_browser_with_both_its_logins(place: tuple[Site, str]) -> None:
    await logs_in(place, "allow")
    kept = ProfileFile("romeo").load()
    assert kept.username == "romeo"
    assert kept.live.tokens.device_id != kept.brief.tokens.device_id
    assert (kept.live.tokens.one_more, kept.brief.tokens.one_more) == ("", "")
    site, _ = place
    for state in (kept.live, kept.brief):
        tokens = {"access_token": state.tokens.access_token}
        assert (await Person(site.http, kept.user_id, "romeo", tokens).gets("/me"))["username"] == "romeo"
        form = {"grant_type": "refresh_token", "refresh_token": state.tokens.refresh_token}
        assert (await site.http.post("/oauth/token", data=form)).status_code == 200


async def test_a_profile_that_is_not_let_in_keeps_nothing(place: tuple[Site, str]) -> None:
    with pytest.raises(ExceptionGroup) as refused:
        await logs_in(place, "deny")
    (error,) = refused.value.exceptions
    assert isinstance(error, HubbubError)
    assert error.code == "access_denied"
    with pytest.raises(NotLoggedIn):
        ProfileFile("romeo").load()
