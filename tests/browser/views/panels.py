"""What opens beside a conversation."""

from __future__ import annotations

from browser.views.walk import Walk, Way
from playwright.sync_api import Locator

WAY = Way()


def panel(walk: Walk, query: str, name: str = "general") -> Locator:
    walk.talk(name, f"?panel={query}")
    found = walk.page.get_by_role("complementary").last
    found.wait_for()
    walk.still()
    return found


@WAY.view("about a channel", "InfoPanel")
def about(walk: Walk) -> None:
    panel(walk, "info").get_by_text("Mira Okafor").first.wait_for()


@WAY.view("about a group", "InvitesCard", "RequestsCard", "ForYouCard")
def about_a_group(walk: Walk) -> None:
    beside = panel(walk, "info", "group")
    walk.button("New link", beside).click()


@WAY.view("what may be done with a member", "MembersCard")
def member(walk: Walk) -> None:
    beside = panel(walk, "info", "group")
    walk.button("Actions for Mira Okafor", beside).click()
    walk.menu()


@WAY.view("a role of a group's own", "RolesCard", "OwnRoleDialog")
def own_role(walk: Walk) -> None:
    beside = panel(walk, "info", "group")
    walk.button("New role", beside).click()
    walk.dialog()


@WAY.view("muting a member", "MuteDialog", "BannedCard")
def mute(walk: Walk) -> None:
    member(walk)
    walk.item("Mute …")
    walk.dialog()


@WAY.view("pins", "PinsPanel")
def pins(walk: Walk) -> None:
    panel(walk, "pins").get_by_text("明天的演示").first.wait_for()


@WAY.view("no pins")
def no_pins(walk: Walk) -> None:
    panel(walk, "pins", "group").get_by_text("Nothing is pinned").wait_for()


@WAY.view("a thread", "ThreadPanel", "SidePanel")
def thread(walk: Walk) -> None:
    panel(walk, f"thread&seq={walk.made['thread']}").get_by_text("With all my names").wait_for()


@WAY.view("search", "SearchPanel")
def search(walk: Walk) -> None:
    panel(walk, "search")


@WAY.view("what search finds")
def found(walk: Walk) -> None:
    beside = panel(walk, "search")
    beside.get_by_role("searchbox").or_(beside.get_by_role("textbox")).first.fill("answer")
    beside.locator("mark").first.wait_for()


@WAY.view("nothing found")
def not_found(walk: Walk) -> None:
    beside = panel(walk, "search")
    beside.get_by_role("searchbox").or_(beside.get_by_role("textbox")).first.fill("apothecary")
    beside.get_by_text("Nothing found for").wait_for()


@WAY.view("scheduled messages", "ScheduledPanel")
def scheduled(walk: Walk) -> None:
    beside = panel(walk, "scheduled")
    walk.button("Change", beside).click()


@WAY.view("reminders", "RemindersPanel")
def reminders(walk: Walk) -> None:
    panel(walk, "reminders").get_by_text("Bring it along").wait_for()


@WAY.view("people", "PeoplePanel")
def people(walk: Walk) -> None:
    walk.button("Accept", panel(walk, "people")).wait_for()


@WAY.view("no connection")
def offline(walk: Walk) -> None:
    """The last view of its walk: the server is gone after it."""
    walk.talk()
    walk.place.dies()
    walk.page.locator("main textarea").fill("Written without a connection")
    walk.page.keyboard.press("Enter")
    walk.page.get_by_text("No connection").first.wait_for()
