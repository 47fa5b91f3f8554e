"""The pages the server makes itself: signing in for programs, the second step, devices, letters, the set-up form."""

from __future__ import annotations

import base64
import time
import urllib.request
from urllib.parse import urlencode

from browser.people import PASSWORD
from browser.views.walk import Walk, Way
from playwright.sync_api import Locator

from hubbub.auth.totp import code_at

WAY = Way()

BACK = "http://127.0.0.1:19999/cb"
"""Where programs that sign people in want them back; nobody goes there."""


def heading(walk: Walk, name: str) -> None:
    walk.page.get_by_role("heading", level=1, name=name).wait_for()


def submit(walk: Walk, name: str, within: Locator | None = None) -> None:
    """Send a form; a form the server takes leads on, so the button is gone then."""
    walk.button(name, within).click()


def signs_in(walk: Walk, path: str) -> None:
    """Open a page, and sign in where it asks for that."""
    walk.opens(path)
    if walk.page.locator("#username").count():
        walk.page.locator("#username").fill("romeo")
        walk.page.locator("#password").fill(PASSWORD)
        submit(walk, "Sign in")


@WAY.view("the set-up form without script", "page:pages.setup_form")
def setup_form(walk: Walk) -> None:
    walk.opens(walk.place.setup_link.removeprefix(walk.place.address).replace("/setup", "/setup/form"))
    heading(walk, "Set up this server")


@WAY.view("a mistake in the set-up form", "page:pages.setup_submit")
def setup_refused(walk: Walk) -> None:
    walk.page.locator("#username").fill("prince")
    walk.page.locator("#password").fill("short")
    submit(walk, "Set up")
    walk.page.get_by_role("alert").wait_for()


@WAY.view("sign in", "page:visits.sign_in_page", "page:device.device_page")
def sign_in(walk: Walk) -> None:
    walk.place.set_up("Verona")
    walk.place.register("romeo")
    client = {"name": "Verona Wiki", "public": True, "redirect_uris": [BACK], "scopes": ["openid", "profile", "read"]}
    walk.made["client"] = walk.ask("prince", "POST", "/clients", client)["client_id"]
    walk.opens(authorize(walk))
    heading(walk, "Sign in")


@WAY.view("signing in refused")
def refused(walk: Walk) -> None:
    walk.page.locator("#username").fill("romeo")
    walk.page.locator("#password").fill("guess")
    submit(walk, "Sign in")
    walk.page.get_by_role("alert").wait_for()


@WAY.view("a passkey", "page:passkey_sign_in.passkey_page", "page:passkey_sign_in._again")
def passkey(walk: Walk) -> None:
    walk.page.get_by_role("link", name="Sign in with a passkey").click()
    heading(walk, "Sign in with a passkey")


@WAY.view("consent", "page:authorize._consent_page")
def consent(walk: Walk) -> None:
    signs_in(walk, authorize(walk))
    heading(walk, "Allow Verona Wiki?")


@WAY.view("the code of a device", "page:device._code_page")
def device_code(walk: Walk) -> None:
    walk.opens("/oauth/device?user_code=BCDF-GHJK")
    walk.page.get_by_role("alert").wait_for()


@WAY.view("letting a device in", "page:device._decision_page")
def device(walk: Walk) -> None:
    walk.opens(f"/oauth/device?{urlencode({'user_code': begun(walk)})}")
    walk.button("Allow").wait_for()


@WAY.view("a device that was let in", "page:device.device_decision")
def device_in(walk: Walk) -> None:
    submit(walk, "Allow")
    heading(walk, "The device is let in")


@WAY.view("how one signs in", "page:security._overview")
def security(walk: Walk) -> None:
    walk.opens("/oauth/security")
    heading(walk, "Signing in")


@WAY.view("the provider does not answer", "page:foreign._failed")
def provider(walk: Walk) -> None:
    submit(walk, "Connect your account at Mantua")
    heading(walk, "That did not work")


@WAY.view("an authenticator app", "page:security._app_page")
def app(walk: Walk) -> None:
    walk.opens("/oauth/security")
    walk.page.locator("#app-password").fill(PASSWORD)
    submit(walk, "Set up an app")
    heading(walk, "Set up an app")


@WAY.view("recovery codes", "page:security._codes_page")
def codes(walk: Walk) -> None:
    secret = walk.page.locator("code").inner_text().replace(" ", "")
    walk.made["codes"] = code_at(base64.b32decode(secret), int(time.time()) // 30)
    walk.page.locator("#code").fill(walk.made["codes"])
    submit(walk, "Turn on")
    heading(walk, "Recovery codes")


@WAY.view("how one signs in with an app")
def security_with_app(walk: Walk) -> None:
    walk.opens("/oauth/security")
    walk.button("Turn off").wait_for()


@WAY.view("a new passkey", "page:security._begin_passkey")
def new_passkey(walk: Walk) -> None:
    form = walk.page.locator("form").filter(has=walk.button("Add a passkey"))
    form.get_by_label("Your password").fill(PASSWORD)
    form.get_by_label("Name").fill("My phone")
    submit(walk, "Add a passkey")
    walk.button("Make the passkey").wait_for()


@WAY.view("logging out", "page:sign_out._question")
def log_out(walk: Walk) -> None:
    walk.opens("/oauth/logout")
    heading(walk, "Log out?")


@WAY.view("logged out", "page:sign_out._done")
def logged_out(walk: Walk) -> None:
    submit(walk, "Log out")
    heading(walk, "You are logged out")


@WAY.view("the second step", "page:second_step.code_page")
def second_step(walk: Walk) -> None:
    signs_in(walk, authorize(walk))
    heading(walk, "One more step")


@WAY.view("what cannot be done", "page:visits.failed")
def failed(walk: Walk) -> None:
    walk.opens("/oauth/authorize?client_id=nobody&response_type=code")
    heading(walk, "That did not work")


@WAY.view("a forgotten password", "page:recovery_pages._forgot")
def forgot(walk: Walk) -> None:
    walk.opens("/account/forgot")
    walk.page.locator("main input").first.wait_for()


@WAY.view("a letter is on its way", "page:recovery_pages.forgot")
def forgot_sent(walk: Walk) -> None:
    walk.page.locator("main input").first.fill("romeo@verona.example")
    walk.page.locator("main button").click()
    walk.page.locator("main input").wait_for(state="detached")


@WAY.view("a new password", "page:recovery_pages._reset", "page:recovery_pages.reset")
def reset(walk: Walk) -> None:
    walk.opens("/account/reset?token=guess")
    walk.page.get_by_label("New password").fill("thou, Romeo? thou")
    submit(walk, "Save")
    walk.page.get_by_role("alert").wait_for()


@WAY.view("an address to be confirmed", "page:recovery_pages._verify", "page:recovery_pages.verify")
def verify(walk: Walk) -> None:
    walk.opens("/account/verify?token=guess")
    submit(walk, "Confirm")
    walk.page.get_by_role("alert").wait_for()


def authorize(walk: Walk) -> str:
    """Return where a program sends people."""
    asked = {
        "response_type": "code",
        "client_id": walk.made["client"],
        "redirect_uri": BACK,
        "scope": "openid profile read",
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"/oauth/authorize?{urlencode(asked)}"


def begun(walk: Walk) -> str:
    """Begin to log a device in; return the code it shows."""
    form = {"scope": "read", "device_name": "The kitchen radio"}
    request = urllib.request.Request(f"{walk.place.address}/oauth/device_authorization", urlencode(form).encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(walk.place.read(answer)["user_code"])
