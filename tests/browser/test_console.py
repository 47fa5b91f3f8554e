"""The console: each page for whoever may, and what is done there is done."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser.people import Person, Place
from browser.test_everybody import violations
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


def test_a_mute_closes_and_a_ban_ends_what_somebody_has_open(come: Come, place: Place) -> None:
    place.set_up()
    romeo, prince = come("romeo"), come("prince")
    prince.page.get_by_role("button", name="Your menu").click()
    prince.page.get_by_role("menuitem", name="Administration").click()
    prince.page.get_by_role("link", name="People").click()
    prince.page.get_by_role("searchbox", name="Search by name or e-mail").fill("rom")
    expect(prince.page.locator("main li")).to_have_count(1)
    prince.page.locator("main li a").filter(has_text="Romeo").click()
    romeo.opens("general")
    prince.page.get_by_role("button", name="Mute …").click()
    dialog = prince.page.get_by_role("dialog", name="Mute Romeo?")
    dialog.get_by_label("Lasts").select_option(label="1 day")
    dialog.get_by_role("button", name="Mute", exact=True).click()
    expect(prince.page.get_by_text(re.compile("Muted until"))).to_be_visible()
    expect(romeo.page.get_by_text(re.compile("The moderators of Verona have muted you until"))).to_be_visible()
    prince.page.get_by_role("button", name="Let write again").click()
    expect(romeo.box).to_be_visible()
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


def test_a_link_for_a_new_password_is_handed_out(come: Come, place: Place) -> None:
    place.set_up()
    prince = come("prince")
    place.register("romeo")
    goes(prince, "people").get_by_role("link").filter(has_text="Romeo").click()
    row(prince.page, "New password").get_by_role("button", name="Make a link").click()
    link = prince.page.get_by_role("dialog", name="Link for Romeo").locator("code").inner_text()
    assert "/account/reset?token=" in link


def test_a_role_is_made_and_given_and_opens_one_page(come: Come, place: Place) -> None:
    place.set_up()
    nurse, prince = come("nurse"), come("prince")
    expect(nurse.in_list("general")).to_be_visible()
    nurse.page.get_by_role("button", name="Your menu").click()
    expect(nurse.page.get_by_role("menuitem", name="Settings")).to_be_visible()
    expect(nurse.page.get_by_role("menuitem", name="Administration")).to_have_count(0)
    main = goes(prince, "roles")
    main.get_by_role("button", name="New role").click()
    dialog = prince.page.get_by_role("dialog", name="New role")
    dialog.get_by_label("Name").fill("Archivist")
    dialog.get_by_label("Read the audit log").check()
    dialog.get_by_role("button", name="Create").click()
    card = main.get_by_role("article", name="Archivist")
    expect(card).to_contain_text("Read the audit log")
    card.get_by_role("button", name="Who has it").click()
    card.get_by_label("Give it to (username)").fill("nurse")
    card.get_by_role("button", name="Add").click()
    expect(card).to_contain_text("@nurse")

    main = goes(nurse, "people")
    # There is no page of people for them: the one there is comes in its place.
    expect(main.get_by_role("heading", level=2)).to_have_text("Audit log")
    expect(nurse.page.get_by_role("navigation", name="Administration").get_by_role("link")).to_have_count(1)
    expect(main.get_by_text("Role given").first).to_be_visible()
    main.get_by_role("button", name="Check the chain").click()
    expect(main.get_by_text("all as they were written")).to_be_visible()
    card.get_by_role("button", name="Take it from Nurse").click()
    expect(card).to_contain_text("Nobody has it")
    expect(nurse.page.get_by_text("Nothing here is for you")).to_be_visible()


def test_a_bot_gets_a_secret_that_is_shown_once(come: Come, place: Place) -> None:
    place.set_up()
    prince = come("prince")
    main = goes(prince, "clients")
    main.get_by_role("button", name="New bot").click()
    dialog = prince.page.get_by_role("dialog", name="New bot")
    dialog.get_by_label("Name", exact=True).fill("Friar")
    dialog.get_by_label("Username").fill("friar")
    dialog.get_by_role("button", name="Create").click()
    shown = prince.page.get_by_role("dialog", name="Secret of Friar")
    secret = shown.locator("code").inner_text()
    shown.get_by_role("button", name="I have kept it").click()
    client = row(prince.page, "Friar")
    expect(client).to_contain_text("Acts as")
    form = f"grant_type=client_credentials&client_id={client.locator('code').inner_text()}&client_secret={secret}"
    request = urllib.request.Request(f"{place.address}/oauth/token", form.encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.loads(answer.read())["access_token"]
    assert secret not in main.inner_text()


def test_a_word_is_held_and_let_through_and_everybody_is_told(come: Come, place: Place) -> None:
    place.set_up()
    romeo, prince = come("romeo"), come("prince")
    main = goes(prince, "words")
    main.get_by_label("Word or phrase").fill("villain*")
    main.get_by_role("button", name="Add").click()
    expect(row(prince.page, "villain*")).to_be_visible()
    main.get_by_label("A message").fill("V i l l a i n!")
    main.get_by_role("button", name="Try", exact=True).click()
    expect(main.get_by_role("status")).to_have_text("It waits for a moderator")
    romeo.opens("general")
    romeo.says("Villain am I none")
    held = goes(prince, "reports")
    held.get_by_role("button", name="Held messages").click()
    held.get_by_role("article", name="Held message of Romeo").get_by_role("button", name="Let through").click()
    romeo.sees("Villain am I none")
    main = goes(prince, "announce")
    main.get_by_label("Announcement", exact=True).fill("A glooming peace this morning")
    main.get_by_role("button", name="Announce …").click()
    prince.confirms("Send to everybody")
    # Nobody but those who announce writes there, so there is no box to wait for.
    romeo.in_list("Announcements").click()
    romeo.sees("A glooming peace this morning")


def test_a_hold_keeps_what_is_taken_back_and_whoever_reads_it_is_told_what_they_do(come: Come, place: Place) -> None:
    place.set_up()
    romeo, prince = come("romeo"), come("prince")
    main = goes(prince, "holds")
    main.get_by_role("button", name="Open a hold").click()
    dialog = prince.page.get_by_role("dialog", name="Open a hold")
    dialog.get_by_label("Name", exact=True).fill("Capulet v. Montague")
    dialog.get_by_label("Reason").fill("The fray in the square")
    dialog.get_by_label("People, by username").fill("@romeo")
    dialog.get_by_role("button", name="Open the hold").click()
    hold = main.get_by_role("article", name="Capulet v. Montague")
    expect(hold).to_contain_text("1 people, 0 conversations")
    hold.get_by_role("button", name="Whom and what it is over").click()
    expect(hold).to_contain_text("@romeo")
    where = general(place, place.token_of("romeo"))
    said = asks(place, place.token_of("romeo"), "POST", f"/conversations/{where}/messages", {"text": "mandrake"})
    asks(place, place.token_of("romeo"), "DELETE", f"/conversations/{where}/messages/{said['seq']}")
    hold.get_by_role("button", name="Export …").click()
    warning = prince.page.get_by_role("dialog", name=re.compile("^Read what"))
    expect(warning).to_contain_text("other people's private chats")
    with prince.page.expect_download() as given:
        warning.get_by_role("button", name="Read and save").click()
    read = Path(given.value.path()).read_text("utf-8")
    assert "mandrake" in read
    assert romeo.page.get_by_text("mandrake").count() == 0
    expect(prince.page.get_by_text(hashlib.sha256(read.encode()).hexdigest())).to_be_visible()
    hold.get_by_role("button", name="Close …").click()
    prince.confirms("Close the hold")
    expect(main.get_by_text("No legal holds")).to_be_visible()


PAGES = ("overview", "people", "roles", "reports", "words", "settings", "clients", "holds", "audit", "announce")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_console(come: Come, place: Place, theme: str) -> None:
    place.set_up()
    narrow = {"width": 320, "height": 720} if theme == "dark" else {"width": 1280, "height": 860}
    prince = come("prince", color_scheme=theme, viewport=narrow)
    place.register("romeo")
    token = place.token_of("prince")
    romeo = asks(place, token, "GET", "/users?username=romeo")["users"][0]["user_id"]
    asks(place, token, "POST", "/reports", {"user_id": romeo, "reason": "spam", "note": "He sighs all day"})
    asks(place, token, "POST", "/filters", {"pattern": "plague", "action": "mask"})
    asks(place, token, "POST", "/holds", {"name": "Capulet", "reason": "The feud", "user_ids": [romeo]})
    asks(place, token, "PUT", "/config/auth.password_min_chars", {"value": 10})
    asks(place, token, "POST", "/clients", {"name": "Wiki", "redirect_uris": ["https://wiki.example/cb"]})
    found: dict[str, list[str]] = {}
    for page in (*PAGES, f"people/{romeo}"):
        main = goes(prince, page)
        expect(main.get_by_label("Loading …")).to_have_count(0)
        found[page] = violations(prince.page)
        assert prince.page.evaluate("document.documentElement.scrollWidth") == narrow["width"], page
    prince.page.get_by_role("button", name="Ban …").click()
    prince.page.get_by_role("dialog").wait_for()
    found["ban"] = violations(prince.page)
    goes(prince, "reports").get_by_role("button", name="Decide …").click()
    prince.page.get_by_role("dialog").wait_for()
    found["resolve"] = violations(prince.page)
    for page, button in (
        ("roles", "New role"),
        ("holds", "Open a hold"),
        ("clients", "New app"),
        ("clients", "New bot"),
    ):
        goes(prince, page).get_by_role("button", name=button).click()
        prince.page.get_by_role("dialog").wait_for()
        found[button] = violations(prince.page)
    main = goes(prince, "settings")
    main.get_by_role("button", name="History").click()
    row(prince.page, "Version 1").wait_for()
    found["history"] = violations(prince.page)
    assert {view: wrong for view, wrong in found.items() if wrong} == {}
