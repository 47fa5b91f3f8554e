"""Those who lead a conversation give roles, mute, ban and lift bans, and everybody sees it at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from browser.people import Person, Place
from playwright.sync_api import Page, expect

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        f"axe.run(document, {{runOnly: {json.dumps(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])}}})"
    )
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


def test_roles_mutes_and_bans_are_given_and_taken_and_seen_at_once(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    romeo, juliet, tybalt = come("romeo"), come("juliet"), come("tybalt")
    token = place.token_of("romeo")
    ids = [
        place.post(f"/api/v1/users?username={name}", None, token, method="GET")["users"][0]["user_id"]
        for name in ("juliet", "tybalt")
    ]
    place.post("/api/v1/conversations", {"kind": "group", "title": "Balcony", "user_ids": ids}, token)
    for person in (romeo, juliet, tybalt):
        person.opens("Balcony")
    for person in (romeo, juliet):
        person.page.get_by_role("button", name="About this conversation").click()
    his = romeo.page.get_by_role("complementary", name="About")
    hers = juliet.page.get_by_role("complementary", name="About")

    def acts_on(name: str, action: str) -> None:
        his.get_by_role("button", name=f"Actions for {name}").press("Enter")
        romeo.page.get_by_role("menu").get_by_text(action, exact=True).click()

    his.get_by_role("button", name="New role").click()
    dialog = romeo.page.get_by_role("dialog", name="New role")
    dialog.get_by_label("Name of the role").fill("Helper")
    dialog.get_by_label("Remove and ban").check()
    assert violations(romeo.page) == []
    dialog.get_by_label("Name of the role").press("Enter")
    expect(his.get_by_text("write, remove")).to_be_visible()
    acts_on("Juliet", "Helper")
    expect(romeo.page.get_by_text("Romeo gave Juliet the role Helper")).to_be_visible()
    expect(hers.get_by_role("button", name="Actions for Tybalt")).to_be_visible()

    acts_on("Tybalt", "Mute …")
    dialog = romeo.page.get_by_role("dialog", name="Mute Tybalt?")
    dialog.get_by_label("For how long").select_option(label="For 8 hours")
    dialog.get_by_role("button", name="Mute", exact=True).click()
    expect(tybalt.page.get_by_text("Those who lead this conversation have muted you until")).to_be_visible()
    expect(his.get_by_label("Muted until")).to_be_visible()
    acts_on("Tybalt", "Let write again")
    expect(tybalt.box).to_be_visible()

    acts_on("Tybalt", "Ban")
    romeo.confirms("Ban")
    lift = hers.get_by_role("button", name="Lift the ban on Tybalt")
    expect(lift).to_be_visible()
    assert violations(juliet.page) == []
    lift.press("Enter")
    expect(his.get_by_role("button", name="Lift the ban on Tybalt")).to_have_count(0)
    for person in (romeo, juliet, tybalt):
        person.looks_for_trouble()
