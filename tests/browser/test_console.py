"""The console: each page for whoever may, and what is done there is done."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

from browser.people import Person, Place
from playwright.sync_api import Locator, Page, expect

Come = Callable[..., Person]


def asks(place: Place, token: str, method: str, path: str, body: Any = None) -> Any:
    """Ask the server as somebody with this token."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(f"{place.address}/api/v1{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"{}")


def general(place: Place, token: str) -> str:
    found = asks(place, token, "GET", "/conversations")["conversations"]
    return str(next(one["conversation_id"] for one in found if one["title"] == "general"))


def goes(person: Person, page: str) -> Locator:
    """Open a page of the console; return what it shows."""
    person.page.goto(f"{person.place.address}/admin/{page}")
    person.page.locator("main h2").wait_for()
    return person.page.locator("main")


def row(page: Page, text: str) -> Locator:
    return page.locator("main li").filter(has_text=text)


def test_a_ban_ends_what_somebody_has_open(come: Come, place: Place) -> None:
    place.set_up()
    romeo, prince = come("romeo"), come("prince")
    prince.page.get_by_role("button", name="Your menu").click()
    prince.page.get_by_role("menuitem", name="Administration").click()
    prince.page.get_by_role("link", name="People").click()
    prince.page.get_by_role("searchbox", name="Search by name or e-mail").fill("rom")
    expect(prince.page.locator("main li")).to_have_count(1)
    prince.page.locator("main li a").filter(has_text="Romeo").click()
    prince.page.get_by_role("button", name="Ban …").click()
    dialog = prince.page.get_by_role("dialog", name="Ban Romeo?")
    dialog.get_by_label("Lasts").select_option(label="30 days")
    dialog.get_by_label("Reason").fill("The fray")
    dialog.get_by_role("button", name="Ban", exact=True).click()
    expect(prince.page.get_by_text(re.compile("Banned until"))).to_be_visible()
    expect(romeo.page.locator("input[type=password]")).to_be_visible()
    prince.page.get_by_role("button", name="Lift the ban").click()
    expect(prince.page.get_by_role("button", name="Ban …")).to_be_visible()
    romeo.logs_in()


def test_a_setting_is_changed_and_rolled_back(come: Come, place: Place) -> None:
    place.set_up()
    prince = come("prince")
    main = goes(prince, "settings")
    main.get_by_label(re.compile("^Who makes an account")).select_option("closed")
    expect(main.get_by_role("button", name="Back to the default")).to_be_visible()
    length = main.get_by_label("How long a new password must be")
    length.fill("12")
    length.press("Enter")
    expect(main.get_by_role("button", name="Back to the default")).to_have_count(2)
    server = asks(place, place.token_of("prince"), "GET", "/server")
    assert server["registration"] == "closed"
    main.get_by_role("button", name="History").click()
    expect(main.locator("ul.admin-rows > li")).to_have_count(2)
    expect(row(prince.page, "Version 2").filter(has_text="in force")).to_contain_text("default → 12")
    row(prince.page, "Version 1").get_by_role("button", name="Roll back to this").click()
    prince.confirms("Roll back to this")
    expect(row(prince.page, "Version 3")).to_contain_text("in force")
    row(prince.page, "Version 3").get_by_role("button", name="Undo").click()
    prince.confirms("Roll back to this")
    expect(row(prince.page, "Version 4")).to_contain_text("12")


def test_a_report_is_made_and_handled(come: Come, place: Place) -> None:
    place.set_up()
    tybalt, romeo, prince = come("tybalt"), come("romeo"), come("prince")
    tybalt.opens("general")
    tybalt.says("Thou art a villain")
    romeo.opens("general")
    romeo.sees("Thou art a villain")
    romeo.acts_on("Thou art a villain", "Report …")
    dialog = romeo.page.get_by_role("dialog", name="Report this message")
    dialog.get_by_text("Insult or harassment").click()
    dialog.get_by_label(re.compile("^A word")).fill("He bites his thumb")
    dialog.get_by_role("button", name="Report", exact=True).click()
    expect(romeo.page.get_by_text("Thank you.")).to_be_visible()

    main = goes(prince, "reports")
    report = main.get_by_role("article", name="Report about Tybalt")
    expect(report).to_contain_text("He bites his thumb")
    report.get_by_role("button", name="Decide …").click()
    dialog = prince.page.get_by_role("dialog", name="Report about Tybalt")
    dialog.get_by_label("Recall the message").click()
    dialog.get_by_label("Ban Tybalt").click()
    dialog.get_by_label("Note").fill("Enough")
    dialog.get_by_role("button", name="Close as acted on").click()
    expect(main.get_by_text("No reports")).to_be_visible()
    expect(romeo.page.locator("main article").filter(has_text="This message was recalled.")).to_be_visible()
    expect(tybalt.page.locator("input[type=password]")).to_be_visible()
    main.get_by_role("button", name="Closed").click()
    expect(main.get_by_role("article", name="Report about Tybalt")).to_contain_text("Enough")


def test_somebody_who_waits_is_let_in(come: Come, place: Place) -> None:
    place.set_up()
    prince = come("prince")
    token = place.token_of("prince")
    asks(place, token, "PUT", "/config/auth.registration", {"value": "approval"})
    place.register("paris")
    goes(prince, "people").get_by_role("button", name=re.compile("^Waiting")).click()
    row(prince.page, "paris").get_by_role("button", name="Let in").click()
    expect(prince.page.get_by_text("Nobody waits")).to_be_visible()
    assert place.token_of("paris")


def test_a_link_for_a_new_password_is_handed_out(come: Come, place: Place) -> None:
    place.set_up()
    prince = come("prince")
    place.register("romeo")
    goes(prince, "people").get_by_role("link").filter(has_text="Romeo").click()
    row(prince.page, "New password").get_by_role("button", name="Make a link").click()
    link = prince.page.get_by_role("dialog", name="Link for Romeo").locator("code").inner_text()
    assert "/account/reset?token=" in link
