"""The settings of one's own account, and the dialogs they open."""

from __future__ import annotations

import base64
import time

from browser.views.walk import Walk, Way

from hubbub.auth.totp import code_at

WAY = Way()


@WAY.view("profile", "SettingsView", "route:settings", "settings:profile")
def profile(walk: Walk) -> None:
    walk.settles("profile")


@WAY.view("account", "settings:account")
def account(walk: Walk) -> None:
    walk.settles("account")
    walk.page.locator("main h3").last.wait_for()


@WAY.view("security", "settings:security")
def security(walk: Walk) -> None:
    walk.settles("security")
    walk.button("Set up an app").wait_for()


@WAY.view("a password once more", "ProveDialog")
def prove(walk: Walk) -> None:
    walk.settles("security")
    walk.button("Set up an app").click()
    walk.dialog()


@WAY.view("an authenticator app", "TotpCard")
def app(walk: Walk) -> None:
    prove(walk)
    walk.proves()
    walk.page.get_by_role("img", name="QR code").wait_for()


@WAY.view("recovery codes", "RecoveryCodesDialog")
def codes(walk: Walk) -> None:
    app(walk)
    secret = base64.b32decode(walk.dialog().locator("code").inner_text().replace(" ", ""))
    walk.page.get_by_label("Code the app shows").fill(code_at(secret, int(time.time()) // 30))
    walk.page.keyboard.press("Enter")
    walk.button("I have kept them").wait_for()


@WAY.view("devices", "settings:devices")
def devices(walk: Walk) -> None:
    walk.settles("devices")
    walk.page.get_by_text("This device").first.wait_for()


@WAY.view("appearance", "settings:appearance")
def appearance(walk: Walk) -> None:
    walk.settles("appearance")


@WAY.view("notifications", "settings:notifications")
def notifications(walk: Walk) -> None:
    walk.settles("notifications")


@WAY.view("about", "settings:about")
def about(walk: Walk) -> None:
    walk.settles("about")
