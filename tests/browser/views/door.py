"""The door: what somebody without a login sees of the app."""

from __future__ import annotations

from browser.people import PASSWORD
from browser.views.walk import Walk, Way
from playwright.sync_api import expect

WAY = Way()


@WAY.view("a place that is not set up", "route:setup")
def without_a_link(walk: Walk) -> None:
    walk.opens("/")
    walk.page.locator("form").get_by_role("status").wait_for()


@WAY.view("setting up", "WelcomeView")
def setting_up(walk: Walk) -> None:
    walk.opens(walk.place.setup_link.removeprefix(walk.place.address))
    walk.page.get_by_label("Name of this place").wait_for()


@WAY.view("log in", "route:login")
def log_in(walk: Walk) -> None:
    walk.place.set_up("Verona")
    walk.place.register("romeo")
    walk.opens("/login")
    walk.page.get_by_label("Username").wait_for()


@WAY.view("a wrong password")
def wrong(walk: Walk) -> None:
    walk.page.get_by_label("Username").fill("romeo")
    walk.page.get_by_label("Password").fill("guess")
    walk.page.locator("button[type=submit]").click()
    walk.page.get_by_role("alert").wait_for()


@WAY.view("make an account", "route:register")
def register(walk: Walk) -> None:
    walk.to("/register")
    walk.page.get_by_label("Your name").wait_for()


@WAY.view("a name that is taken")
def taken(walk: Walk) -> None:
    walk.page.get_by_label("Username").fill("romeo")
    walk.page.get_by_label("Password").fill(PASSWORD)
    walk.page.locator("button[type=submit]").click()
    walk.page.get_by_role("alert").wait_for()


@WAY.view("a forgotten password", "route:forgot")
def forgot(walk: Walk) -> None:
    walk.to("/forgot")
    walk.page.get_by_label("E-mail address").wait_for()


@WAY.view("a letter was sent")
def sent(walk: Walk) -> None:
    walk.page.get_by_label("E-mail address").fill("romeo@verona.example")
    walk.page.locator("button[type=submit]").click()
    walk.page.get_by_role("heading", name="Look into your mail").wait_for()


@WAY.view("a sign-in that was not begun here", "SignedInView", "route:signed-in")
def not_begun(walk: Walk) -> None:
    walk.opens("/signed-in?code=x&state=y")
    walk.page.get_by_role("alert").wait_for()


@WAY.view("a second step")
def second_step(walk: Walk) -> None:
    walk.page.route("**/oauth/token", lambda route: route.fulfill(status=403, json={"error": "second_factor_needed"}))
    walk.opens("/login")
    walk.page.get_by_label("Username").fill("romeo")
    walk.page.get_by_label("Password").fill(PASSWORD)
    walk.page.locator("button[type=submit]").click()
    walk.page.get_by_role("heading", name="One more step").wait_for()
    walk.page.unroute("**/oauth/token")


@WAY.view("an invitation is asked for")
def invitation(walk: Walk) -> None:
    configure(walk, "invitation")
    walk.opens("/register?code=guess")
    expect(walk.page.get_by_label("Invitation code")).to_have_value("guess")


@WAY.view("an administrator lets people in")
def approval(walk: Walk) -> None:
    configure(walk, "approval")
    walk.opens("/register")
    walk.page.get_by_label("Username").wait_for()


@WAY.view("waiting to be let in")
def waiting(walk: Walk) -> None:
    walk.page.get_by_label("Username").fill("benvolio")
    walk.page.get_by_label("Password").fill(PASSWORD)
    walk.page.locator("button[type=submit]").click()
    walk.page.get_by_role("heading", name="Almost there").wait_for()


@WAY.view("nobody is taken")
def closed(walk: Walk) -> None:
    configure(walk, "closed")
    walk.opens("/register")
    walk.page.locator("form").get_by_role("status").wait_for()


def configure(walk: Walk, registration: str) -> None:
    """Say who makes an account."""
    walk.ask("prince", "PUT", "/config/auth.registration", {"value": registration})
