"""What is written now and sent later."""

from __future__ import annotations

import re
from collections.abc import Callable

from browser.people import Person, Place
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
