"""What one does with conversations for oneself, seen on two devices of the same person."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from playwright.sync_api import expect

Come = Callable[..., Person]


def test_a_draft_goes_along_from_device_to_device(come: Come, place: Place) -> None:
    place.set_up()
    desk, phone, juliet = come("romeo"), come("romeo"), come("juliet")
    desk.writes_to("Juliet")
    desk.says("Soft!")
    phone.opens("Juliet")
    phone.message("Soft!").hover()
    phone.message("Soft!").get_by_role("button", name="Quote").click()
    phone.box.fill("begun on the phone")
    expect(desk.box).to_have_value("begun on the phone")
    expect(desk.page.locator(".banner")).to_contain_text("Replying to Romeo")
    phone.opens("general")
    expect(phone.in_list("Juliet")).to_contain_text("Draft: begun on the phone")
    # What is being typed here is not changed from there.
    desk.box.press_sequentially(", ended at the desk")
    desk.box.press("Enter")
    expect(phone.in_list("Juliet")).to_contain_text("You: begun on the phone, ended at the desk")
    phone.opens("Juliet")
    expect(phone.box).to_have_value("")
    # An answer in a thread is begun apart from all others.
    for device in (desk, phone):
        device.message("Soft!").first.hover()
        device.message("Soft!").first.get_by_role("button", name="Reply in a thread").click()
    phone.thread.get_by_role("textbox").fill("aside, on the phone")
    expect(desk.thread.get_by_role("textbox")).to_have_value("aside, on the phone")
    expect(desk.box.first).to_have_value("")
    juliet.opens("Romeo")
    expect(juliet.message("ended at the desk").locator(".quote")).to_contain_text("Soft!")


def test_conversations_are_sorted_muted_marked_and_put_away(come: Come, place: Place) -> None:
    place.set_up()
    desk, phone = come("romeo"), come("romeo")
    desk.writes_to("prince")
    desk.says("My lord")

    def choose(*items: str) -> None:
        row = desk.in_list("prince")
        row.focus()
        row.click(button="right")
        for item in items:
            desk.page.get_by_role("menuitem", name=item).or_(
                desk.page.get_by_role("menuitemradio", name=item)
            ).first.click()

    choose("Folder", "New folder")
    desk.page.get_by_label("Name of the folder").fill("Verona")
    desk.page.get_by_role("button", name="Save").click()
    phone.page.get_by_role("group", name="Filter conversations").get_by_role("button", name="Verona").click()
    expect(phone.in_list("prince")).to_be_visible()
    expect(phone.in_list("general")).to_have_count(0)
    phone.page.get_by_role("button", name="Rename the folder").click()
    phone.page.get_by_label("Name of the folder").fill("The court")
    phone.page.get_by_role("button", name="Save").click()
    expect(desk.page.get_by_role("button", name="The court")).to_be_visible()
    expect(phone.in_list("prince")).to_be_visible()

    choose("Mark as unread")
    expect(phone.in_list("prince").get_by_role("img", name="Unread")).to_be_visible()
    phone.opens("prince")
    expect(desk.in_list("prince").get_by_role("img", name="Unread")).to_have_count(0)

    choose("Mute", "For 8 hours")
    expect(phone.in_list("prince").get_by_role("img", name="Muted")).to_be_visible()
    phone.page.get_by_role("button", name="About this conversation").click()
    muting = phone.page.get_by_role("complementary", name="About").get_by_label("Mute")
    expect(muting).to_have_value("now")
    muting.select_option("")
    expect(desk.in_list("prince").get_by_role("img", name="Muted")).to_have_count(0)

    phone.page.get_by_role("button", name="Remove the folder").click()
    phone.confirms("Remove the folder")
    expect(desk.page.get_by_role("button", name="The court")).to_have_count(0)
    choose("Archive")
    expect(phone.in_list("prince")).to_have_count(0)
    phone.page.get_by_role("button", name="Archive", exact=True).first.click()
    expect(phone.in_list("prince")).to_be_visible()
