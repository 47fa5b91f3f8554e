"""People sign in here with a provider that somebody else wrote: npm's `oidc-provider`."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from urllib.parse import urljoin

import httpx
import pytest
import uvicorn
from unit.auth.people import fast_settings
from unit.rest.browser import Form
from unit.rest.site import a_site

from hubbub.base.clock import SystemClock
from hubbub.fetch.openid import HttpProvider
from hubbub.lab.servers.ports import free_port
from hubbub.rest.app import create_app

ROOT = Path(__file__).parents[2]
PACKAGE = "oidc-provider@9.13.3"
SECRET = "a secret of the two: %+ and more"
START_S = 60.0

pytestmark = pytest.mark.slow


def _web() -> ModuleType:
    spec = importlib.util.spec_from_file_location("web", ROOT / "tools/web.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path: Path) -> tuple[list[str], Path]:
    """The command that starts Node.js, and a folder with the provider's package."""
    web = _web()
    try:
        command = [*web.npm(), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", PACKAGE]
    except web.Missing as missing:
        pytest.skip(str(missing))
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}', "utf-8")
    (tmp_path / ".npmrc").write_text((ROOT / "web/.npmrc").read_text("utf-8"), "utf-8")
    done = subprocess.run(
        command, cwd=tmp_path, env=web.environment(), capture_output=True, text=True, timeout=100, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot install {PACKAGE} here: {done.stderr.strip()[-300:]}")
    (tmp_path / "provider.mjs").write_text((ROOT / "tests/e2e/oidc_provider.mjs").read_text("utf-8"), "utf-8")
    return web.node(), tmp_path


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@asynccontextmanager
async def a_provider(package: tuple[list[str], Path], redirect: str) -> AsyncIterator[str]:
    command, folder = package
    port = free_port()
    arguments = [*command, "provider.mjs", str(port), redirect]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*arguments, cwd=folder, stdout=quiet, stderr=quiet)
    issuer = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(START_S), httpx.AsyncClient() as http:
            while True:
                assert process.returncode is None, "the provider ended"
                try:
                    (await http.get(f"{issuer}/.well-known/openid-configuration")).raise_for_status()
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield issuer
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


async def follows(browser: httpx.AsyncClient, page: httpx.Response, until: str) -> httpx.Response:
    """Go where the pages of the provider lead, filling in what they ask, until an address begins with `until`."""
    for _ in range(12):
        if page.is_redirect:
            address = urljoin(str(page.url), page.headers["location"])
            page = await browser.get(address)
            if address.startswith(until):
                return page
        else:
            form = Form(page.text)
            filled = {"login": "romeo@montague", "password": "anything"} if "login" in form.fields else {}
            page = await browser.post(urljoin(str(page.url), form.action), data={**form.fields, **filled})
    raise AssertionError(f"it leads nowhere: {page.url} {page.text[:500]}")


async def test_somebody_comes_from_a_provider_of_another_make(
    package: tuple[list[str], Path], listener: socket.socket
) -> None:
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with a_provider(package, f"{here}/oauth/foreign/callback") as issuer:
        auth = fast_settings(provider_issuer=issuer, provider_client_id="verona", provider_client_secret=SECRET)
        provider = HttpProvider(auth, SystemClock())
        async with a_site(auth=auth, issuer=here, provider=provider) as site, asyncio.TaskGroup() as tasks:
            app = create_app(site.deps_without_metrics())
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
            tasks.create_task(server.serve(sockets=[listener]))
            try:
                async with httpx.AsyncClient(base_url=here) as browser:
                    for _ in range(2):
                        page = await browser.get("/oauth/security")
                        button = re.search(r'<form method="post" action="/oauth/foreign".*?</form>', page.text, re.S)
                        assert button is not None
                        headers = {"origin": here, "sec-fetch-site": "same-origin"}
                        sent = await browser.post("/oauth/foreign", data=Form(button[0]).fields, headers=headers)
                        assert sent.headers["location"].startswith(issuer)
                        back = await follows(browser, sent, f"{here}/oauth/foreign/callback")
                        assert (back.status_code, back.headers.get("location")) == (303, "/oauth/security"), back.text
                        page = await browser.get("/oauth/security")
                        assert "How romeo signs in" in page.text
                        browser.cookies.delete("hubbub-session")
            finally:
                server.should_exit = True
                await provider.close()
