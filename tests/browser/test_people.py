"""People and each other: asking and accepting, names of one's own, blocking, and the pictures they show."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from browser.people import Person, Place
from playwright.sync_api import Locator, expect

Come = Callable[..., Person]

RED_SQUARE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4YWCDFTEMLQkAOYpNAUVGvIwAAAAASUVORK5CYII="
)


def card(person: Person) -> Locator:
    return person.page.get_by_role("dialog", name="Profile of")


def people_of(person: Person) -> Locator:
    """Open the panel of people, unless it is open."""
    panel = person.page.get_by_role("complementary", name="People")
    if not panel.is_visible():
        person.page.get_by_role("button", name="People").first.click()
    return panel


def opens_card(person: Person, name: str) -> None:
    panel = people_of(person)
    panel.get_by_role("searchbox").fill(name)
    panel.get_by_role("listitem").get_by_role("button", name=name).click()


def test_two_people_become_contacts_and_one_blocks_the_other(come: Come, place: Place) -> None:
    place.set_up()
    romeo, phone, juliet = come("romeo"), come("romeo"), come("juliet")
    opens_card(romeo, "Juliet")
    card(romeo).get_by_role("button", name="Add contact").click()
    card(romeo).get_by_label("A word to them").fill("We met at the feast")
    card(romeo).get_by_role("button", name="Send the request").click()
    card(romeo).get_by_role("button", name="Take the request back").wait_for()

    juliet.page.get_by_role("button", name="People, 1 request").click()
    asking = people_of(juliet).locator(".request")
    expect(asking).to_contain_text("We met at the feast")
    asking.get_by_role("button", name="Accept").click()
    expect(people_of(juliet)).to_contain_text("Contacts · 1")
    expect(card(romeo)).to_contain_text("Contact")

    # What Romeo calls her is his alone, on all his devices.
    card(romeo).get_by_role("button", name="More about Juliet").click()
    romeo.page.get_by_role("menuitem", name="Name and group").click()
    card(romeo).get_by_label("What you call them").fill("The sun")
    card(romeo).get_by_label("Group", exact=True).fill("Capulets")
    card(romeo).get_by_role("button", name="Save").click()
    expect(card(romeo).get_by_role("heading", name="The sun", exact=True)).to_be_visible()
    expect(people_of(phone)).to_contain_text("Capulets · 1")
    people_of(phone).get_by_role("button", name="The sun").click()
    card(phone).get_by_role("button", name="Message").click()
    expect(phone.head).to_have_text("The sun")
    phone.says("Arise")

    juliet.opens("Romeo")
    juliet.sees("Arise")
    opens_card(juliet, "Romeo")
    card(juliet).get_by_role("button", name="More about Romeo").click()
    juliet.page.get_by_role("menuitem", name="Block").click()
    juliet.page.get_by_role("dialog", name="Block Romeo?").get_by_role("button", name="Block").click()
    expect(card(juliet)).to_contain_text("You have blocked this person")
    juliet.page.keyboard.press("Escape")
    expect(juliet.page.locator("main footer")).to_contain_text("You have blocked this person")
    phone.says("O, speak again")
    expect(phone.message("O, speak again").get_by_role("img", name="Not sent")).to_be_visible()
    juliet.page.locator("main footer").get_by_role("button", name="Unblock").click()
    juliet.says("Ay me")
    phone.sees("Ay me")


def test_a_picture_is_shown_wherever_somebody_is_named(come: Come, place: Place, tmp_path: Path) -> None:
    place.set_up()
    picture = tmp_path / "romeo.png"
    picture.write_bytes(RED_SQUARE)
    romeo = come("romeo")
    romeo.page.goto(f"{place.address}/settings/profile")
    romeo.page.locator("input[type=file]").set_input_files(picture)
    expect(romeo.page.locator("main .avatar img")).to_be_visible()
    romeo.page.goto(place.address)
    expect(romeo.page.get_by_role("complementary", name="Conversations").locator(".place img")).to_be_visible()
    romeo.writes_to("prince")
    romeo.says("My lord")
    expect(romeo.message("My lord").locator(".avatar img")).to_be_visible()
    prince = come("prince")
    expect(prince.in_list("Romeo").locator("img")).to_be_visible()
    prince.opens("Romeo")
    expect(prince.message("My lord").locator(".avatar img")).to_be_visible()
    size = prince.message("My lord").locator(".avatar img").evaluate("(image) => image.naturalWidth")
    assert size > 0
    romeo.page.goto(f"{place.address}/settings/profile")
    romeo.page.get_by_role("button", name="Remove").click()
    expect(romeo.page.locator("main .avatar .initials")).to_have_attribute("data-initials", "R")
