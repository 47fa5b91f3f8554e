"""People who use the web app: what they do and what they see, in the words of a script."""

from __future__ import annotations

import copy
import json
import re
import time
import urllib.error
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path
from typing import IO, Any

from e2e.served import Served
from playwright.sync_api import Browser, Locator, Page, expect

PASSWORD = "wherefore art thou"

LONG_MS = 15_000
"""Longer than anything takes on a busy machine."""

expect.set_options(timeout=LONG_MS)


def is_soon(page: Page, condition: str) -> None:
    """Wait until an expression is true in a page, whose policy forbids the `eval` that Playwright waits by."""
    looking = f"for (const end = Date.now() + {LONG_MS}; Date.now() < end; ) {{ if ({condition}) return true; "
    pausing = "await new Promise((resolve) => setTimeout(resolve, 20)); } return false;"
    assert page.evaluate(f"async () => {{ {looking}{pausing} }}"), condition


class Place:
    """The server, and what is done to it behind people's backs."""

    def __init__(self, served: Served, address: str) -> None:
        self._served = served
        self.address = address
        """By name: notifications and service workers want `localhost`, not a number."""

    @property
    def data(self) -> Path:
        """Its folder, for whoever writes into it while the server is away."""
        return self._served.data

    @property
    def setup_link(self) -> str:
        """The link that the server printed."""
        return (self._served.data / "setup-link").read_text("utf-8").strip().replace("127.0.0.1", "localhost")

    def set_up(self, name: str = "Verona") -> None:
        """Make the first admin, `prince`, without a browser."""
        token = self.setup_link.partition("token=")[2]
        self.post("/api/v1/setup", {"token": token, "username": "prince", "password": PASSWORD, "name": name})

    def register(self, username: str) -> None:
        """Make an account, unless there is one."""
        try:
            self.post(
                "/api/v1/accounts", {"username": username, "password": PASSWORD, "display_name": username.title()}
            )
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise

    def post(self, path: str, body: object, token: str = "", *, method: str = "POST") -> Any:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        content = None if method == "GET" else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", content, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return self.read(answer)

    @staticmethod
    def read(answer: IO[bytes]) -> Any:
        """Return what an answer holds; nothing for an empty one."""
        return json.loads(answer.read() or b"{}")

    def token_of(self, username: str, device: str = "") -> str:
        """Log somebody in as a program."""
        form = f"grant_type=password&username={username}&password={PASSWORD.replace(' ', '+')}&device_name={device}"
        request = urllib.request.Request(f"{self.address}/oauth/token", form.encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.loads(answer.read())["access_token"])

    def link_to(self, address: str, *, after: int = 0) -> tuple[str, int]:
        """Wait for more than `after` letters to an address; return the link in the last, and how many there are.

        Without a mail server letters are files.
        """
        deadline = time.monotonic() + LONG_MS / 1000
        while True:
            found = sorted((self._served.data / "outbox").glob("*.eml"))
            letters = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]
            mine = [one for one in letters if one["To"] == address]
            body = mine[-1].get_body(("plain",)) if len(mine) > after else None
            if body is not None:
                link = re.search(r"https?://\S+", body.get_content())
                assert link is not None
                return f"{self.address}{link[0].partition('/account')[1]}{link[0].partition('/account')[2]}", len(mine)
            assert time.monotonic() < deadline, "no letter"
            # Another process has no event to wait for.
            time.sleep(0.02)

    def dies(self) -> None:
        """End the server as a power cut would."""
        self._served.kill()

    def comes_back(self) -> None:
        """Start the server again, at the same address."""
        self._served.start(int(self.address.rsplit(":", 1)[1]))


class Person:
    """Somebody with a browser."""

    def __init__(self, browser: Browser, place: Place, name: str, **options: Any) -> None:
        self.name = name
        self.place = place
        self.context = browser.new_context(locale="en-GB", **options)
        self.context.set_default_timeout(LONG_MS)
        self.trouble: list[str] = []
        self.page: Page = self._a_tab()

    def _a_tab(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(f"{error}\n{error.stack}"))
        page.on("console", self._heard)
        return page

    def in_another_tab(self) -> Person:
        """Open the app once more in the same browser; return the same person as seen there."""
        other = copy.copy(self)
        other.page = self._a_tab()
        other.page.goto(self.place.address)
        other.in_list("general").wait_for()
        return other

    def _heard(self, message: Any) -> None:
        # What a browser says of a server that is away is no mistake of the app.
        if message.type == "error" and not re.search(
            r"Failed to load resource|WebSocket connection|net::ERR", message.text
        ):
            self.trouble.append(message.text)

    def looks_for_trouble(self) -> None:
        """Fail if the page threw something or broke its own security policy."""
        assert not self.trouble, self.trouble

    # ------------------------------------------------------------ does

    def logs_in(self) -> None:
        """Make sure of an account and log in through the page."""
        self.place.register(self.name)
        self.page.goto(f"{self.place.address}/login")
        self.page.locator("input[autocomplete=username]").fill(self.name)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.locator("button[type=submit]").click()
        self.in_list("general").wait_for()

    def opens(self, title: str) -> None:
        """Open a conversation from the list."""
        self.in_list(title).click()
        expect(self.head).to_have_text(title)
        self.box.wait_for()

    def writes_to(self, display_name: str) -> None:
        """Open the private chat with somebody by finding them."""
        self.page.get_by_role("button", name="New conversation").first.click()
        self.page.get_by_role("combobox", name="People").fill(display_name)
        self.page.get_by_role("option", name=re.compile(display_name)).first.click()
        expect(self.head).to_have_text(display_name)

    def says(self, text: str) -> None:
        """Write a message and send it."""
        self.box.fill(text)
        self.box.press("Enter")

    def acts_on(self, text: str, action: str) -> None:
        """Choose something from the menu of a message."""
        message = self.message(text)
        message.hover()
        message.get_by_role("button", name=re.compile("^Actions for the message")).click()
        self.page.get_by_role("menuitem", name=action).click()

    def confirms(self, action: str) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name=action).click()

    def has_an_authenticator(self) -> None:
        """Give the browser an authenticator that keeps passkeys and knows whose finger it is."""
        devices = self.context.new_cdp_session(self.page)
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

    def goes_offline(self) -> None:
        self.context.set_offline(True)

    def returns(self) -> None:
        self.context.set_offline(False)

    # ------------------------------------------------------------ sees

    @property
    def head(self) -> Locator:
        """The title above the conversation."""
        return self.page.locator("main h1")

    @property
    def box(self) -> Locator:
        """Where one writes."""
        return self.page.locator("main textarea")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    def in_list(self, title: str) -> Locator:
        """A conversation in the list."""
        return self.page.locator("nav a").filter(has=self.page.get_by_text(title, exact=True))

    def message(self, text: str) -> Locator:
        """The message in the conversation that holds a text."""
        return self.page.locator("main article").filter(has_text=text)

    def sees(self, text: str) -> None:
        """Wait for a message, of which there is one."""
        expect(self.message(text)).to_have_count(1)
        expect(self.message(text)).to_be_visible()

    def sees_in_order(self, *texts: str) -> None:
        """Wait until the last messages are these, in this order, each once."""
        expect(self.page.locator("main article .rich")).to_have_text([re.compile(re.escape(each)) for each in texts])
