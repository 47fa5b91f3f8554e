"""What is done with messages, by two people who look at the same conversation."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser.people import Person, Place
from playwright.sync_api import expect

Come = Callable[..., Person]


@pytest.fixture
def pair(come: Come, place: Place) -> tuple[Person, Person]:
    """Romeo and Juliet, each looking at their private chat."""
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    romeo.writes_to("Juliet")
    romeo.says("Soft!")
    juliet.opens("Romeo")
    juliet.sees("Soft!")
    return romeo, juliet


def test_edits_recalls_quotes_and_reactions_reach_the_other(pair: tuple[Person, Person]) -> None:
    romeo, juliet = pair
    romeo.acts_on("Soft!", "Edit")
    romeo.box.fill("Soft, what **light**!")
    romeo.box.press("Enter")
    juliet.sees("Soft, what light!")
    expect(juliet.message("Soft, what light!").locator("strong")).to_have_text("light")
    juliet.message("Soft").get_by_role("button", name="(edited)").click()
    expect(juliet.page.get_by_role("dialog")).to_contain_text("Soft!")
    juliet.page.keyboard.press("Escape")

    juliet.message("Soft").hover()
    juliet.message("Soft").get_by_role("button", name="Quote").click()
    juliet.says("The east")
    expect(romeo.message("The east").locator(".quote")).to_have_text(re.compile("Romeo.*Soft, what light!"))

    romeo.message("The east").hover()
    romeo.message("The east").get_by_role("button", name="Add a reaction").click()
    romeo.page.get_by_label("Search emoji").fill("sun")
    romeo.page.get_by_label("Search emoji").press("Enter")
    expect(juliet.message("The east").locator(".reaction")).to_have_count(1)
    juliet.message("The east").locator(".reaction").click()
    expect(romeo.message("The east").locator(".reaction .count")).to_have_text("2")

    # What one deletes for oneself is gone here, and there for others.
    first = romeo.page.locator("main article").first
    first.hover()
    first.get_by_role("button", name=re.compile("^Actions for the message")).click()
    romeo.page.get_by_role("menuitem", name="Delete for me").click()
    romeo.confirms("Delete for me")
    expect(romeo.page.locator("main article")).to_have_count(1)
    expect(juliet.page.locator("main article")).to_have_count(2)

    juliet.acts_on("The east", "Recall for everybody")
    juliet.confirms("Recall for everybody")
    expect(romeo.page.locator("main article").last).to_contain_text("This message was recalled.")


def test_a_thread_is_beside_the_conversation_and_not_in_it(pair: tuple[Person, Person]) -> None:
    romeo, juliet = pair
    juliet.message("Soft!").hover()
    juliet.message("Soft!").get_by_role("button", name="Reply in a thread").click()
    juliet.thread.get_by_role("textbox").fill("In here")
    juliet.thread.get_by_role("textbox").press("Enter")
    expect(juliet.thread.locator("article")).to_have_count(2)
    romeo.page.get_by_role("button", name="1 reply").click()
    expect(romeo.thread.locator("article").last).to_contain_text("In here")
    expect(romeo.page.locator("main article")).to_have_count(1)


def test_somebody_is_mentioned_by_completion_and_sees_it(come: Come, place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    romeo.opens("general")
    juliet.writes_to("Romeo")  # or she would read it as it comes
    romeo.box.press_sequentially("hear me @jul")
    romeo.page.get_by_role("option", name="Juliet").wait_for()
    romeo.box.press("Enter")
    romeo.box.press_sequentially("please")
    romeo.box.press("Enter")
    romeo.sees("hear me @Juliet please")
    expect(juliet.in_list("general").get_by_label("1 mention")).to_be_visible()
    juliet.opens("general")
    expect(juliet.message("hear me")).to_have_class(re.compile("mentioned"))


def test_typing_shows_and_ends(pair: tuple[Person, Person]) -> None:
    romeo, juliet = pair
    juliet.box.press_sequentially("O")
    expect(romeo.page.locator(".composer")).to_contain_text("Juliet is typing")
    juliet.box.press("Enter")
    expect(romeo.page.locator(".composer")).not_to_contain_text("is typing")


def test_a_draft_waits_where_it_was_written(pair: tuple[Person, Person]) -> None:
    romeo, _ = pair
    romeo.box.fill("not yet said")
    romeo.opens("general")
    expect(romeo.box).to_have_value("")
    romeo.page.reload()
    romeo.opens("Juliet")
    expect(romeo.box).to_have_value("not yet said")


def test_a_group_is_made_led_and_left(come: Come, place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    romeo.page.get_by_role("button", name="New conversation").first.click()
    romeo.page.get_by_text("Group", exact=True).click()
    romeo.page.get_by_label("Name of the group").fill("Balcony")
    romeo.page.get_by_role("combobox", name="People").fill("jul")
    romeo.page.get_by_role("option", name=re.compile("Juliet")).click()
    romeo.page.get_by_role("button", name="Create", exact=True).click()
    expect(romeo.head).to_have_text("Balcony")
    juliet.opens("Balcony")
    romeo.page.get_by_role("button", name="About this conversation").click()
    romeo.page.get_by_role("switch", name="Only administrators may write").click()
    expect(juliet.page.get_by_text("Only administrators may write here at the moment.")).to_be_visible()
    romeo.page.get_by_role("button", name="Actions for Juliet").click()
    romeo.page.get_by_role("menuitemradio", name="Administrator").click()
    juliet.says("Now I may")
    romeo.sees("Now I may")
    juliet.page.get_by_role("button", name="About this conversation").click()
    juliet.page.get_by_role("button", name="Leave the conversation").click()
    juliet.confirms("Leave")
    expect(juliet.in_list("Balcony")).to_have_count(0)
    expect(romeo.page.get_by_text("Juliet left")).to_be_visible()
