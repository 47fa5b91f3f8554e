"""What whoever leads a group settles for everybody in it, seen by those it is settled for."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from playwright.sync_api import expect

Come = Callable[..., Person]


def test_a_group_is_described_slowed_closed_to_newcomers_and_dissolved(come: Come, place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    place.register("mercutio")
    mine = place.token_of("romeo")
    ids = [
        place.post("/api/v1/me", None, place.token_of(name), method="GET")["user_id"] for name in ("juliet", "mercutio")
    ]
    made = place.post("/api/v1/conversations", {"kind": "group", "title": "Balcony", "user_ids": ids[:1]}, mine)
    romeo.opens("Balcony")
    romeo.says("Before he came")
    juliet.opens("Balcony")
    juliet.sees("Before he came")

    romeo.page.get_by_role("button", name="About this conversation").click()
    about = romeo.page.get_by_role("complementary", name="About")
    about.get_by_role("button", name="Edit").click()
    about.get_by_label("Topic").fill("Of light in windows")
    about.get_by_label("Announcement").fill("Speak softly")
    about.get_by_role("button", name="Save").click()
    expect(juliet.page.locator("main .announcement")).to_contain_text("Speak softly")
    expect(juliet.page.locator("main header .subtitle")).to_have_text("Of light in windows")

    about.get_by_role("switch", name="Newcomers see earlier messages").click()
    expect(juliet.page.get_by_text("Romeo hid earlier messages from newcomers")).to_be_visible()
    place.post(f"/api/v1/conversations/{made['conversation_id']}/members", {"user_ids": ids[1:]}, mine)
    mercutio = come("mercutio")
    mercutio.opens("Balcony")
    romeo.says("Now he is here")
    mercutio.sees_in_order("Now he is here")

    about.get_by_label("Slow mode").select_option("30")
    expect(juliet.page.get_by_text("Slow mode: one message every 30 s")).to_be_visible()
    juliet.says("First")
    juliet.says("Second")
    romeo.sees("First")
    expect(juliet.message("Second").get_by_role("img", name="Waiting to be sent")).to_be_visible()
    expect(romeo.message("Second")).to_have_count(0)
    about.get_by_label("Slow mode").select_option("0")
    expect(juliet.page.get_by_text("Slow mode: one message every 30 s")).to_have_count(0)

    about.get_by_role("button", name="Dissolve for everybody").click()
    romeo.confirms("Dissolve")
    for person in (romeo, juliet, mercutio):
        expect(person.page.get_by_text("This conversation was dissolved. It can still be read.")).to_be_visible()
