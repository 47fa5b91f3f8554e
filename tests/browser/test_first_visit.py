"""From nothing to two people who talk, as somebody would do it who has read nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from browser.people import PASSWORD, Person, Place
from playwright.sync_api import Browser, Response, expect


def test_from_the_set_up_link_to_the_first_message(browser: Browser, place: Place) -> None:
    prince = Person(browser, place, "prince")
    asked: list[Response] = []
    prince.page.on("response", lambda answer: asked.append(answer))
    prince.page.goto(place.setup_link)
    prince.page.get_by_label("Name of this place").fill("Verona")
    prince.page.get_by_label("Username").fill("prince")
    prince.page.get_by_label("Password").fill(PASSWORD)
    prince.page.get_by_role("button", name="Set up and start chatting").click()
    expect(prince.head).to_have_text("general")
    prince.says("Rebellious subjects, enemies to peace!")
    prince.sees("enemies to peace")
    expect(prince.page).to_have_title("general · Verona")

    # Everything came from this server, and what has a hash in its name is kept for good.
    assert {urlsplit(each.url).netloc for each in asked} == {urlsplit(place.address).netloc}
    assets = [each for each in asked if "/assets/" in each.url]
    assert assets
    assert all("immutable" in (each.header_value("cache-control") or "") for each in assets)

    # The page itself says where the second one comes in.
    expect(prince.page.get_by_text("You are the first one here")).to_be_visible()
    juliet = Person(browser, place, "juliet")
    juliet.page.goto(prince.page.locator("main .alone code").inner_text())
    juliet.page.get_by_role("link", name="Create account").click()
    juliet.page.get_by_label("Your name").fill("Juliet Capulet")
    juliet.page.get_by_label("Username").fill("juliet")
    juliet.page.get_by_label("Password").fill(PASSWORD)
    juliet.page.get_by_role("button", name="Create account").click()
    juliet.opens("general")
    juliet.sees("enemies to peace")
    juliet.says("Good morrow, prince")
    prince.sees("Good morrow")
    for person in (prince, juliet):
        person.looks_for_trouble()


def test_a_wrong_password_is_said_and_nothing_is_lost(browser: Browser, place: Place) -> None:
    place.set_up()
    romeo = Person(browser, place, "romeo")
    place.register("romeo")
    romeo.page.goto(place.address)
    romeo.page.get_by_label("Username").fill("romeo")
    romeo.page.get_by_label("Password").fill("not this one")
    romeo.page.get_by_role("button", name="Log in", exact=True).click()
    expect(romeo.page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(romeo.page.get_by_label("Username")).to_have_value("romeo")


def test_two_people_talk(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    juliet.opens("general")
    romeo.writes_to("Juliet")
    about = romeo.page.locator("main header .subtitle")
    expect(about).to_have_text("Online")
    romeo.says("But, soft! what light through yonder window breaks?")
    # Her device has it; she has it only once she looks.
    expect(romeo.message("But, soft!").get_by_role("img", name="Delivered")).to_be_visible()
    juliet.opens("Romeo")
    juliet.sees("yonder window")
    juliet.says("Ay me!")
    romeo.sees_in_order("But, soft!", "Ay me!")
    expect(romeo.message("But, soft!").get_by_role("img", name="Read")).to_be_visible()
    juliet.page.close()
    expect(about).to_have_text(re.compile("^Last seen"))
    romeo.says("She is gone")
    expect(romeo.message("She is gone").get_by_role("img", name="Sent", exact=True)).to_be_visible()


def test_whoever_logs_out_is_out_and_leaves_nothing_behind(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    romeo = come("romeo")
    romeo.opens("general")
    romeo.box.fill("a secret draft")
    romeo.page.get_by_role("button", name="Your menu").click()
    romeo.page.get_by_role("menuitem", name="Log out").click()
    romeo.confirms("Log out")
    expect(romeo.page.get_by_role("heading", name="Log in to Verona")).to_be_visible()
    romeo.page.goto(place.address)
    expect(romeo.page.get_by_role("heading", name="Log in to Verona")).to_be_visible()
    kept = romeo.page.evaluate("JSON.stringify(localStorage)")
    assert "secret draft" not in kept
    assert "refreshToken" not in kept
