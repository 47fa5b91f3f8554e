"""The app is for everybody: by keyboard alone, on a phone, in Chinese, and without a violation that axe knows of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from browser.people import PASSWORD, Person, Place
from playwright.sync_api import Browser, Locator, Page, expect

Come = Callable[..., Person]
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(RULES)}}})")
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def test_by_keyboard_alone(come: Come, place: Place) -> None:
    place.set_up()
    romeo = come("romeo")
    press = romeo.page.keyboard.press
    write = romeo.page.keyboard.type
    press("Control+k")
    expect(romeo.page.get_by_placeholder("Jump to …")).to_be_focused()
    write("prince")
    romeo.page.get_by_role("option", name="@prince").wait_for()
    press("Enter")
    expect(romeo.head).to_have_text("prince")
    expect(romeo.box).to_be_focused()
    write("Good day")
    press("Enter")
    expect(romeo.message("Good day").get_by_role("img", name="Sent", exact=True)).to_be_visible()
    press("ArrowUp")
    expect(romeo.box).to_have_value("Good day")
    press("Escape")
    press("Escape")
    expect(romeo.message("Good day")).to_be_focused()
    press("r")
    expect(romeo.box).to_be_focused()
    write("And more")
    press("Shift+Enter")
    write("on a second line")
    press("Enter")
    expect(romeo.message("And more").locator(".quote")).to_contain_text("Good day")
    press("Control+/")
    expect(romeo.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press("Escape")
    press("Alt+ArrowDown")
    expect(romeo.head).to_have_text("general")


def touches(person: Person, what: Locator) -> None:
    """Rest a finger on something until a menu opens."""
    box = what.bounding_box()
    assert box is not None
    finger = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    devtools = person.context.new_cdp_session(person.page)
    devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
    person.page.get_by_role("menu").wait_for()
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    devtools.detach()


def test_on_a_phone(come: Come, place: Place) -> None:
    place.set_up()
    romeo = come("romeo", viewport={"width": 320, "height": 640}, is_mobile=True, has_touch=True)
    expect(romeo.page.locator(".pane")).to_have_count(0)
    romeo.in_list("general").tap()
    romeo.box.fill("from a small phone")
    romeo.page.get_by_role("button", name="Send", exact=True).tap()
    romeo.sees("from a small phone")
    touches(romeo, romeo.message("from a small phone").locator(".rich"))
    romeo.page.get_by_role("menuitem", name="Copy text").wait_for()
    romeo.page.keyboard.press("Escape")
    expect(romeo.page.get_by_role("menu")).to_have_count(0)
    assert romeo.page.evaluate("document.documentElement.scrollWidth") == 320
    romeo.page.get_by_role("button", name="About this conversation").tap()
    romeo.page.get_by_role("complementary", name="About").wait_for()
    assert romeo.page.evaluate("document.documentElement.scrollWidth") == 320
    romeo.page.get_by_role("button", name="Close").tap()
    romeo.box.fill("and later")
    romeo.page.get_by_role("button", name="Send later").tap()
    romeo.page.get_by_role("button", name="In an hour").tap()
    romeo.page.get_by_role("button", name="1 message waits for its time").tap()
    romeo.page.get_by_role("button", name="Change").tap()
    assert romeo.page.evaluate("document.documentElement.scrollWidth") == 320
    romeo.page.get_by_role("complementary").get_by_role("button", name="Close").tap()
    # Days and pins are found in the panel, where the head has no room for them.
    romeo.page.get_by_role("button", name="About this conversation").tap()
    romeo.page.get_by_label("Jump to a date").last.fill("2020-01-01")
    romeo.page.get_by_role("button", name="Open", exact=True).tap()
    expect(romeo.message("from a small phone")).to_be_in_viewport()
    romeo.page.get_by_role("button", name="Back").tap()
    expect(romeo.in_list("general")).to_be_visible()
    assert violations(romeo.page) == []
    touches(romeo, romeo.in_list("general"))
    expect(romeo.page.get_by_role("menuitem", name="Mute")).to_be_visible()


def test_in_chinese(browser: Browser, place: Place) -> None:
    place.set_up("维罗纳")
    place.register("朱丽叶")
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(place.address)
    page.get_by_label("用户名").fill("朱丽叶")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_placeholder("发消息给 general").fill("你好，@所有人 早上好")
    page.keyboard.press("Enter")
    expect(page.locator("main article")).to_contain_text("你好，@所有人 早上好")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_text("今天", exact=True)).to_be_visible()


def invited(person: Person, place: Place) -> dict[str, list[str]]:
    """What axe finds where links are made, and where they lead."""
    made = place.post(
        "/api/v1/conversations",
        {"kind": "group", "title": "Balcony", "topic": ""},
        place.token_of(person.name),
    )
    person.page.goto(f"{place.address}/c/{made['conversation_id']}?panel=info")
    about = person.page.get_by_role("complementary", name="About")
    about.get_by_role("button", name="New link").click()
    about.get_by_role("switch", name="Administrators let people in").click()
    found = {"new link": violations(person.page)}
    about.get_by_role("button", name="Make the link").click()
    link = about.locator("code").inner_text()
    found["links"] = violations(person.page)
    person.page.goto(link)
    person.page.get_by_role("heading", name="Balcony").wait_for()
    found["invite"] = violations(person.page)
    return found


def people(person: Person, place: Place) -> dict[str, list[str]]:
    """What axe finds where people are: their list, their card, and the door."""
    place.register("tybalt")
    tybalt, me = place.token_of("tybalt"), place.token_of(person.name)
    my_id = place.post("/api/v1/me", None, me, method="GET")["user_id"]
    place.post(f"/api/v1/me/contacts/{my_id}", {"note": "A word with one of you?"}, tybalt)
    person.page.goto(f"{place.address}/?panel=people")
    panel = person.page.get_by_role("complementary", name="People")
    panel.get_by_role("button", name="Accept").wait_for()
    found = {"people": violations(person.page)}
    panel.get_by_role("button", name="Tybalt").click()
    card = person.page.get_by_role("dialog", name="Profile of Tybalt")
    card.get_by_role("button", name="Accept").click()
    card.get_by_text("Contact", exact=True).wait_for()
    card.get_by_role("button", name="More about Tybalt").click()
    person.page.get_by_role("menuitem", name="Name and group").click()
    card.get_by_label("What you call them").wait_for()
    found["card"] = violations(person.page)
    person.page.goto(f"{place.address}/settings/security")
    person.page.get_by_role("button", name="Set up an app").click()
    person.page.get_by_label("Your password").fill(PASSWORD)
    person.page.keyboard.press("Enter")
    person.page.get_by_role("img", name="QR code").wait_for()
    found["authenticator app"] = violations(person.page)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(come: Come, place: Place, theme: str, browser: Browser) -> None:
    place.set_up()
    guest = Person(browser, place, "guest", color_scheme=theme)
    guest.page.goto(f"{place.address}/register")
    guest.page.get_by_label("Your name").wait_for()
    found = {"register": violations(guest.page)}
    guest.page.goto(f"{place.address}/forgot")
    guest.page.get_by_label("E-mail address").wait_for()
    found["forgot"] = violations(guest.page)
    guest.page.goto(f"{place.address}/login")
    guest.page.get_by_role("button", name="Log in", exact=True).wait_for()
    found["login"] = violations(guest.page)

    romeo = come("romeo", color_scheme=theme)
    romeo.opens("general")
    romeo.says("A **bold** word, `code`, a [link](https://verona.example) and\n> a quote")
    romeo.says("```python\nprint(1)\n```")
    romeo.sees("a quote")
    romeo.page.locator("main article").first.hover()
    found["conversation"] = violations(romeo.page)
    romeo.page.get_by_role("button", name="About this conversation").click()
    romeo.page.get_by_role("complementary", name="About").get_by_text("Owner").or_(
        romeo.page.get_by_role("complementary", name="About").get_by_text("Romeo")
    ).first.wait_for()
    found["about"] = violations(romeo.page)
    for panel, button in (("Search", "Search in this conversation"), ("Pinned messages", "Pinned messages")):
        romeo.page.get_by_role("button", name=button).click()
        romeo.page.get_by_role("complementary", name=panel).wait_for()
        found[panel] = violations(romeo.page)
    message = romeo.message("a quote")
    message.hover()
    message.get_by_role("button", name="Reply in a thread").click()
    romeo.thread.locator("article").wait_for()
    found["thread"] = violations(romeo.page)
    romeo.thread.get_by_role("button", name="Close").click()
    message.hover()
    message.get_by_role("button", name="Add a reaction").click()
    romeo.page.get_by_label("Search emoji").fill("sun")
    found["emoji"] = [one for one in violations(romeo.page) if not one.startswith("region")]
    romeo.page.keyboard.press("Escape")
    romeo.page.keyboard.press("Control+/")
    romeo.page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    found["shortcuts"] = violations(romeo.page)
    romeo.page.keyboard.press("Escape")
    romeo.in_list("general").hover()
    romeo.page.get_by_role("button", name="Actions for general").click()
    romeo.page.get_by_role("menuitem", name="Folder").click()
    romeo.page.get_by_role("menuitem", name="New folder").wait_for()
    # A menu belongs to its button, and to no landmark.
    found["menu of a conversation"] = [one for one in violations(romeo.page) if not one.startswith("region")]
    romeo.page.get_by_role("menuitem", name="New folder").click()
    romeo.page.get_by_label("Name of the folder").fill("Verona")
    romeo.page.keyboard.press("Enter")
    romeo.page.get_by_role("group", name="Filter conversations").get_by_role("button", name="Verona").click()
    romeo.box.fill("later")
    romeo.page.get_by_role("button", name="Send later").click()
    romeo.page.get_by_role("button", name="Tomorrow morning").wait_for()
    found["send later"] = violations(romeo.page)
    romeo.page.get_by_role("button", name="Tomorrow morning").click()
    romeo.page.get_by_role("button", name="1 message waits for its time").click()
    romeo.page.get_by_role("button", name="Change").click()
    found["scheduled"] = violations(romeo.page)
    romeo.acts_on("a quote", "Forward …")
    romeo.page.get_by_role("dialog").get_by_role("button", name="general").click()
    found["forward"] = violations(romeo.page)
    romeo.page.keyboard.press("Escape")
    romeo.page.keyboard.press("Control+k")
    romeo.page.get_by_role("dialog").wait_for()
    found["palette"] = violations(romeo.page)
    romeo.page.keyboard.press("Escape")
    for name in ("New conversation", "Browse channels"):
        romeo.page.get_by_role("button", name=name).first.click()
        romeo.page.get_by_role("dialog").wait_for()
        found[name] = violations(romeo.page)
        romeo.page.keyboard.press("Escape")
    found |= invited(romeo, place)
    found |= people(romeo, place)
    for section in ("profile", "account", "security", "devices", "appearance", "notifications", "about"):
        romeo.page.goto(f"{place.address}/settings/{section}")
        romeo.page.get_by_role("heading", level=2).wait_for()
        if section in ("account", "security"):
            romeo.page.get_by_role("heading", level=3).last.wait_for()
        found[section] = violations(romeo.page)
    assert {view: wrong for view, wrong in found.items() if wrong} == {}
