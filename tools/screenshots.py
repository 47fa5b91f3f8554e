"""Draw the pictures in `docs/screenshots/`: the main views of the web app with people in them.

A server is started on a folder of its own, a few people talk through the SDK, and Chromium looks on.  Nothing of it is
kept but the pictures.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from hubbub.client import Client, HttpApi, Kind

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs/screenshots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PASSWORD = "a glooming peace"

PEOPLE = {
    "mira": "Mira Okafor",
    "jonas": "Jonas Weber",
    "lin": "林晓雨",
    "sofia": "Sofia Marín",
    "tom": "Tom Becker",
    "aiko": "Aiko Tanaka",
}

RELEASE = """\
Numbers from last night's run, **three nodes, one of them killed every minute**:

| | before | now |
|---|---|---|
| acknowledged | 1,204,331 | 1,204,331 |
| lost or doubled | 0 | **0** |
| longest reconnect | 4.8 s | 2.1 s |

The change itself is small:

```python
async def resume(self, have: Sequence[Head]) -> None:
    missing = await self._log.after(have)
    for page in missing:
        await self._session.push(page)  # in order, once
```"""


async def talk(server: str) -> dict[str, str]:
    """Have people talk; return the ids of what is to be shown."""
    clients = {name: Client(server, username=name, password=PASSWORD) for name in PEOPLE}
    try:
        for client in clients.values():
            await client.__aenter__()
            await client.ready()
        ids = {name: client.user_id for name, client in clients.items()}
        mira, jonas, lin, sofia, tom, aiko = clients.values()

        release = (await mira.create_conversation(Kind.CHANNEL, "release-2", topic="Shipping the next version")).id
        for client in (jonas, lin, sofia, tom, aiko):
            await client.join(release)
        first = await mira.send(release, "Morning! The release branch is cut. What is still open?")
        await jonas.send(release, RELEASE)
        numbers = await jonas.send(release, "Happy with that. The report is in the docs folder.")
        await lin.react(release, numbers.seq - 1, "🎉")
        await mira.react(release, numbers.seq - 1, "🎉")
        await sofia.react(release, numbers.seq - 1, "👀")
        await lin.send(release, "中文界面已经校对完毕，搜索一两个字的词也没有问题。", reply_to=first.seq)
        question = await sofia.send(
            release, "@mira can you look over the upgrade notes before noon?", mentions=[ids["mira"]]
        )
        for client, text in ((mira, "On it."), (tom, "I can take the second half."), (mira, "Perfect, thank you!")):
            await client.send(release, text, thread=question.seq)
        await mira.pin(release, numbers.seq)
        await tom.send(
            release, "Checklist for today:\n- [x] changelog\n- [x] migration rehearsed on a copy\n- [ ] announcement"
        )
        await aiko.send(release, "Announcement draft is ready, I will post it at 15:00 👍")
        await mira.react(release, (await aiko.send(release, "Any last objections?")).seq, "🚀")

        design = (await sofia.create_group("Design crit", [ids["mira"], ids["aiko"], ids["lin"]])).id
        await sofia.send(design, "New empty states are in the file, the second one is my favourite.")
        await aiko.send(design, "The spacing of the list feels right now. Ship it?")
        weekend = (await tom.create_group("Hike on Saturday", [ids["mira"], ids["jonas"], ids["sofia"]])).id
        await tom.send(weekend, "Train at 8:12, platform 4. Bring something warm!")
        await mira.send(weekend, "I will bring coffee ☕")
        with_lin = (await mira.open_direct(ids["lin"])).id
        await lin.send(with_lin, "明天的演示我来准备，你负责开场？")
        await mira.send(with_lin, "好的，没问题！")
        with_jonas = (await mira.open_direct(ids["jonas"])).id
        await mira.send(with_jonas, "Do you have five minutes for the failover graph?")
        await jonas.send(with_jonas, "Sure, give me until eleven.")
        with_sofia = (await sofia.open_direct(ids["mira"])).id
        await sofia.send(with_sofia, "Thanks for yesterday, that helped a lot.")
        for conversation in (design, release):
            await mira.set_own(conversation, folder="Launch")
        await mira.set_own(weekend, muted_until_ms=int(time.time() * 1000) + 8 * 3_600_000)
        await mira.set_own(with_sofia, pinned=True)
        tomorrow = time.localtime(time.time() + 86_400)
        nine = int(time.mktime((*tomorrow[:3], 9, 0, 0, 0, 0, -1)) * 1000)
        await mira.schedule(release, "Good morning! The announcement is out, thank you all.", nine)
        await mira.schedule(with_jonas, "Five minutes before the call: the graph is on page two.", nine + 3_300_000)
        general = next(c.id for c in await mira.conversations() if c.kind is Kind.CHANNEL and c.title == "general")
        await aiko.send(general, "Welcome everybody! This is where we all are.")
        return {**ids, "release": release, "design": design, "question": str(question.seq), "lin": with_lin}
    finally:
        for client in clients.values():
            await client.close(linger_s=2.0)


async def administer(server: str, ids: dict[str, str]) -> None:
    """Leave something to see on the pages of the console."""
    async with Client(server, username="admin", password=PASSWORD) as admin:
        await admin.ready()
        await admin.http("PUT", f"/api/v1/roles/moderator/people/{ids['jonas']}")
        for pattern, action in (("plague*", "hold"), ("free money", "refuse")):
            await admin.http("POST", "/api/v1/filters", json={"pattern": pattern, "action": action})
        for key, value in (("auth.password_min_chars", 12), ("chat.submits_per_s", 20)):
            await admin.http("PUT", f"/api/v1/config/{key}", json={"value": value})
        await admin.http(
            "POST", "/api/v1/clients", json={"name": "Northwind Wiki", "redirect_uris": ["https://wiki.example/cb"]}
        )
        await admin.http(
            "POST", "/api/v1/reports", json={"user_id": ids["tom"], "reason": "other", "note": "Hums all day"}
        )


async def shoot(page: Page, name: str) -> None:
    """Write one picture, once nothing moves any more, in the few colours it has."""
    await page.wait_for_timeout(600)
    shown = Image.open(BytesIO(await page.screenshot())).convert("RGB")
    shown.quantize(256, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


async def log_in(
    browser: Browser, server: str, options: dict[str, Any], settings: dict[str, Any], username: str = "mira"
) -> Page:
    context = await browser.new_context(**options)
    await context.add_init_script(f"localStorage.setItem('hubbub.settings', {json.dumps(json.dumps(settings))})")
    page = await context.new_page()
    page.on("pageerror", lambda error: print("error on the page:", error, file=sys.stderr))
    await page.goto(f"{server}/login")
    await page.locator("input[autocomplete=username]").fill(username)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.locator("button[type=submit]").click()
    await page.locator("[data-conversation]").first.wait_for()
    return page


async def draw(server: str, shown: dict[str, str]) -> None:
    wide: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
    phone: dict[str, Any] = {
        "viewport": {"width": 390, "height": 780},
        "is_mobile": True,
        "has_touch": True,
        "locale": "en-GB",
    }
    release = f"{server}/c/{shown['release']}"
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await log_in(browser, server, wide, {"theme": "light"})
        await page.goto(release)
        await page.locator("article").first.wait_for()
        await shoot(page, "conversation-light")
        await page.goto(f"{release}?panel=thread&seq={shown['question']}")
        await page.locator("aside article").first.wait_for()
        await shoot(page, "thread-light")
        await page.keyboard.press("Control+k")
        await page.get_by_role("combobox").last.fill("re")
        await shoot(page, "palette-light")
        await page.goto(f"{release}?panel=scheduled")
        await page.locator("aside li").first.wait_for()
        await page.locator("main textarea").fill("One more thing")
        await page.get_by_role("button", name="Send later").click()
        await shoot(page, "later-light")
        await page.context.close()

        page = await log_in(browser, server, wide, {"theme": "dark"})
        await page.goto(f"{release}?panel=info")
        await page.locator("aside li").first.wait_for()
        await shoot(page, "conversation-dark")
        await page.goto(f"{server}/settings/appearance")
        await shoot(page, "settings-dark")
        await page.context.close()

        page = await log_in(browser, server, phone, {"theme": "light"})
        await shoot(page, "phone-list")
        await page.goto(release)
        await page.locator("article").first.wait_for()
        await shoot(page, "phone-conversation")
        await page.context.close()

        page = await log_in(browser, server, wide, {"theme": "light", "language": "zh"})
        await page.goto(f"{server}/c/{shown['lin']}")
        await page.locator("article").first.wait_for()
        await shoot(page, "conversation-zh")
        await page.context.close()

        page = await log_in(browser, server, phone, {"theme": "dark", "language": "zh"})
        await page.goto(f"{release}?panel=thread&seq={shown['question']}")
        await page.locator("aside article").first.wait_for()
        await shoot(page, "phone-thread-dark-zh")
        await page.context.close()

        context = await browser.new_context(**wide)
        page = await context.new_page()
        await page.goto(f"{server}/register")
        await page.locator("input[autocomplete=username]").wait_for()
        await shoot(page, "door-light")
        await context.close()

        await administer(server, shown)
        for theme, language, places in (
            ("light", "en", ("overview", "settings")),
            ("dark", "en", ("people", "audit")),
            ("light", "zh", ("roles",)),
        ):
            page = await log_in(browser, server, wide, {"theme": theme, "language": language}, "admin")
            for place in places:
                await page.goto(f"{server}/admin/{place}")
                await page.locator("main h2").first.wait_for()
                await shoot(page, f"console-{place}-{theme}{'-zh' if language == 'zh' else ''}")
            await page.context.close()
        await browser.close()


def start(data: Path) -> subprocess.Popen[bytes]:
    env = os.environ | {"HUBBUB_AUTH_REGISTERS_PER_MINUTE": "0", "HUBBUB_AUTH_LOGINS_PER_MINUTE": "0"}
    command = [sys.executable, "-m", "hubbub.cli.main", "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    with (data.parent / "log").open("wb") as log:
        return subprocess.Popen(command, env=env, stdout=log, stderr=log)


async def main(data: Path) -> None:
    process = start(data)
    try:
        ready = data / "server.json"
        deadline = time.monotonic() + 30
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((data.parent / "log").read_text("utf-8"))
            await asyncio.sleep(0.05)
        server = json.loads(ready.read_text("utf-8"))["http"]
        link = (data / "setup-link").read_text("utf-8").strip()
        admin = {"token": link.partition("token=")[2], "username": "admin", "password": PASSWORD, "name": "Northwind"}
        request = urllib.request.Request(
            f"{server}/api/v1/setup", json.dumps(admin).encode(), {"content-type": "application/json"}
        )
        await asyncio.to_thread(urllib.request.urlopen, request)
        http = HttpApi(server)
        for name, shown in PEOPLE.items():
            await http.register(name, PASSWORD, shown)
        await http.close()
        await draw(server, await talk(server))
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder) / "data"))
