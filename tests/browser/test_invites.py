"""People come in by links: at once, or by an admin's word."""

from __future__ import annotations

import re
from collections.abc import Callable

from browser.people import PASSWORD, Person, Place
from playwright.sync_api import Browser, expect


def test_links_lead_in_or_ask_and_are_taken_back(come: Callable[..., Person], place: Place, browser: Browser) -> None:
    place.set_up()
    romeo = come("romeo")
    romeo.page.get_by_role("button", name="New conversation").first.click()
    romeo.page.get_by_text("Group", exact=True).click()
    romeo.page.get_by_label("Name of the group").fill("Balcony")
    romeo.page.get_by_role("button", name="Create", exact=True).click()
    expect(romeo.head).to_have_text("Balcony")
    romeo.page.get_by_role("button", name="About this conversation").click()
    about = romeo.page.get_by_role("complementary", name="About")

    def a_link(uses: str, *, approval: bool) -> str:
        about.get_by_role("button", name="New link").click()
        about.get_by_label("Can be used").select_option(label=uses)
        if approval:
            about.get_by_role("switch", name="Administrators let people in").click()
        made = about.locator("code").count()
        about.get_by_role("button", name="Make the link").click()
        expect(about.locator("code")).to_have_count(made + 1)
        return about.locator("code").first.inner_text()

    once = a_link("once", approval=False)
    # Somebody without an account is led through making one.
    juliet = Person(browser, place, "juliet")
    juliet.page.goto(once)
    juliet.page.get_by_role("link", name="Create account").click()
    juliet.page.get_by_label("Your name").fill("Juliet")
    juliet.page.get_by_label("Username").fill("juliet")
    juliet.page.get_by_label("Password").fill(PASSWORD)
    juliet.page.get_by_role("button", name="Create account").click()
    expect(juliet.page.get_by_role("heading", name="Balcony")).to_be_visible()
    juliet.page.get_by_role("button", name="Join").click()
    expect(juliet.head).to_have_text("Balcony")
    juliet.says("Here I am")
    romeo.sees("Here I am")

    tybalt = come("tybalt")
    tybalt.page.goto(once)
    expect(tybalt.page.get_by_role("heading", name="This link does not work any more")).to_be_visible()

    asking = a_link("Any number of times", approval=True)
    tybalt.page.goto(asking)
    tybalt.page.get_by_label(re.compile("A word to the administrators")).fill("Peace?")
    tybalt.page.get_by_role("button", name="Ask to join").click()
    expect(tybalt.page.get_by_text("You asked to be let in.")).to_be_visible()
    expect(about).to_contain_text("Peace?")
    tybalt.page.get_by_role("button", name="Take the request back").click()
    expect(about).not_to_contain_text("Peace?")
    tybalt.page.get_by_role("button", name="Ask to join").click()
    expect(tybalt.page.get_by_text("You asked to be let in.")).to_be_visible()
    expect(about.locator("code")).to_have_count(1)
    # Who leads the group hears of it at once, in the list and where it is open.
    listed = romeo.page.get_by_role("link", name="Balcony")
    expect(listed.get_by_label("1 person asks to join")).to_be_visible()
    expect(about).to_contain_text("Peace?")
    about.get_by_role("button", name="Let in").click()
    expect(romeo.page.get_by_text("Romeo added Tybalt")).to_be_visible()
    expect(listed.get_by_label("1 person asks to join")).to_have_count(0)
    expect(about).not_to_contain_text("Peace?")
    tybalt.page.get_by_role("button", name="Go to your conversations").click()
    tybalt.opens("Balcony")

    about.get_by_role("button", name="Take the link back").first.click()
    romeo.confirms("Take the link back")
    expect(about.get_by_text("No link leads here.")).to_be_visible()
    juliet.looks_for_trouble()
