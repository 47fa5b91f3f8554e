"""What is written now and sent later, and what one comes back to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from browser.people import Person, Place
from browser.test_everybody import violations
from playwright.sync_api import expect


def test_messages_wait_are_changed_and_sent(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    romeo.writes_to("Juliet")
    juliet.writes_to("Romeo")
    for text, when in (("Tomorrow, love", "Tomorrow morning"), ("In an hour, love", "In an hour")):
        romeo.box.fill(text)
        romeo.page.get_by_role("button", name="Send later").click()
        romeo.page.get_by_role("button", name=when).click()
        expect(romeo.box).to_have_value("")
    romeo.page.get_by_role("button", name="2 messages wait for their time").click()
    panel = romeo.page.get_by_role("complementary", name="Scheduled messages")
    waiting = panel.get_by_role("listitem")
    expect(waiting).to_have_text([re.compile("In an hour, love"), re.compile("Tomorrow, love")])

    waiting.first.get_by_role("button", name="Change").click()
    panel.get_by_label("Message").fill("Presently, love")
    panel.get_by_role("button", name="Save").click()
    expect(waiting.first).to_contain_text("Presently, love")
    waiting.first.get_by_role("button", name="Send now").click()
    juliet.sees("Presently, love")
    expect(waiting).to_have_count(1)
    waiting.first.get_by_role("button", name="Delete").click()
    expect(panel).to_contain_text("Nothing is scheduled")
    expect(romeo.page.get_by_role("button", name="waits for its time")).to_have_count(0)
    juliet.sees_in_order("Presently, love")


def test_one_is_reminded_of_a_message_on_all_devices(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    romeo = come("romeo")
    phone = come("romeo", viewport={"width": 360, "height": 700})
    romeo.opens("general")
    romeo.says("Wherefore art thou?")
    # Until it is stored it is a row of another kind.
    expect(romeo.message("Wherefore").get_by_role("img", name=re.compile("^(Sent|Delivered|Read)"))).to_be_visible()
    # By the keyboard alone, with a note.
    romeo.message("Wherefore").focus()
    romeo.page.keyboard.press("m")
    asked = romeo.page.get_by_role("dialog", name="Remind me of this message")
    expect(asked).to_contain_text("Wherefore art thou?")
    asked.get_by_label("Note to yourself").fill("Answer her")
    assert violations(romeo.page) == []
    asked.get_by_role("button", name="In 3 hours").press("Enter")
    expect(asked).to_have_count(0)

    phone.page.get_by_role("button", name="Your menu").click()
    phone.page.get_by_role("menuitem", name="Reminders").click()
    waiting = phone.page.get_by_role("complementary", name="Reminders").get_by_role("listitem")
    expect(waiting).to_have_text(re.compile("Answer her.*Romeo in general.*Wherefore art thou"))
    assert violations(phone.page) == []
    waiting.get_by_role("button", name="Change").click()
    phone.page.get_by_role("dialog").get_by_role("button", name="Tomorrow morning").click()
    expect(waiting.locator("time")).to_have_text(re.compile("Tomorrow 09:00"))

    # Time passes for the server as it does for everybody: it is moved to a moment that comes soon.
    seq = romeo.message("Wherefore").get_attribute("data-seq")
    path = f"/api/v1/me/reminders/{romeo.page.url.rpartition('/')[2]}/{seq}"
    wish = {"due_ms": int(time.time() * 1000) + 1_500, "note": "Answer her"}
    place.post(path, wish, place.token_of("romeo"), method="PUT")
    notice = romeo.page.get_by_role("region", name="Reminder")
    expect(notice).to_contain_text("Answer her")
    assert violations(romeo.page) == []
    romeo.page.get_by_role("button", name="About this conversation").click()
    notice.get_by_role("button", name="Show").click()
    expect(romeo.page.locator("article.flashing")).to_contain_text("Wherefore art thou?")
    expect(notice).to_have_count(0)
    due = romeo.page.get_by_role("button", name="1 reminder is due")
    expect(due).to_be_visible()
    waiting.get_by_role("button", name="Done").click()
    expect(due).to_have_count(0)
    expect(phone.page.get_by_text("Nothing to come back to")).to_be_visible()
