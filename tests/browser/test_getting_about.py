"""Getting about: in a long history, among channels, and in what was said anywhere."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from playwright.sync_api import expect

Come = Callable[..., Person]


def test_a_channel_is_found_joined_pinned_in_and_kept_quiet(come: Come, place: Place) -> None:
    place.set_up()
    juliet, romeo = come("juliet"), come("romeo")
    juliet.page.get_by_role("button", name="New conversation").first.click()
    juliet.page.get_by_text("Channel", exact=True).click()
    juliet.page.get_by_label("Name of the channel").fill("News of Verona")
    juliet.page.get_by_role("button", name="Create", exact=True).click()
    expect(juliet.head).to_have_text("News of Verona")
    # Whoever is alone in a channel is told how others come.
    expect(juliet.page.get_by_text("You are the first one here")).to_be_visible()
    juliet.says("```python\nimport this\n```")
    expect(juliet.page.locator("main .hljs-keyword")).to_have_text("import")
    juliet.acts_on("import this", "Pin")
    expect(juliet.message("import this").get_by_text("Pinned")).to_be_visible()

    romeo.page.get_by_role("button", name="Browse channels").click()
    romeo.page.get_by_role("searchbox", name="Search channels").fill("news")
    romeo.page.get_by_role("button", name="News of Verona").click()
    expect(romeo.page.get_by_text("You are looking at this channel as a visitor.")).to_be_visible()
    romeo.page.get_by_role("button", name="Join", exact=True).click()
    romeo.box.wait_for()
    expect(juliet.page.get_by_text("You are the first one here")).to_have_count(0)
    romeo.page.get_by_role("button", name="Pinned messages").click()
    expect(romeo.page.get_by_role("complementary", name="Pinned messages")).to_contain_text("import this")

    # Of a channel one hears mentions; a rule of one's own says otherwise.
    romeo.page.get_by_role("button", name="About this conversation").click()
    about = romeo.page.get_by_role("complementary", name="About")
    about.get_by_label("Notifications").select_option("all")
    romeo.opens("general")
    juliet.says("Hear, hear")
    expect(romeo.page).to_have_title("(1) general · Verona")
    romeo.opens("News of Verona")
    expect(romeo.page).to_have_title("News of Verona · Verona")
    romeo.page.get_by_role("button", name="About this conversation").click()
    about.get_by_label("Notifications").select_option("nothing")
    romeo.opens("general")
    juliet.says("And hear again")
    expect(romeo.in_list("News of Verona").get_by_label("1 unread message")).to_be_visible()
    expect(romeo.page).to_have_title("general · Verona")

    # The list can be pinned, and the channel changes its name.
    romeo.in_list("News of Verona").click(button="right")
    romeo.page.get_by_role("menuitem", name="Pin to the top").click()
    expect(romeo.page.locator("nav a").first).to_contain_text("News of Verona")
    juliet.page.get_by_role("button", name="About this conversation").click()
    juliet.page.get_by_role("complementary", name="About").get_by_role("button", name="Edit").click()
    juliet.page.get_by_label("Name", exact=True).fill("Rumours")
    juliet.page.get_by_role("button", name="Save").click()
    expect(romeo.in_list("Rumours")).to_be_visible()


def test_what_was_said_is_found_by_words_of_any_script_by_whom_where_and_when(come: Come, place: Place) -> None:
    place.set_up()
    romeo = come("romeo")
    place.register("juliet")
    mine, hers = place.token_of("romeo"), place.token_of("juliet")
    romeo.opens("general")
    general = romeo.page.url.rpartition("/")[2]
    messages = f"/api/v1/conversations/{general}/messages"
    place.post(messages, {"text": "星期三开会讨论新版本的发布计划"}, hers)
    place.post(messages, {"text": "A plan for the release of v2 发布"}, hers)
    place.post(messages, {"text": "Whose plan is that?"}, mine)
    romeo.sees("Whose plan")
    romeo.page.get_by_role("button", name="Search in this conversation").click()
    panel = romeo.page.get_by_role("complementary", name="Search")
    box, hits = panel.get_by_role("searchbox"), panel.get_by_role("listitem")

    for query, count in (
        ("会", 1),
        ("发布", 2),
        ("plan", 2),
        ("plan from:juliet", 1),
        ("plan in:general", 2),
        ("plan before:2020-01-01", 0),
        ("plan has:file", 0),
    ):
        box.fill(query)
        if count:
            expect(hits).to_have_count(count)
        else:
            expect(panel).to_contain_text("Nothing found")
    box.fill("plan")
    panel.get_by_role("button", name="from:").click()
    expect(box).to_be_focused()
    box.press_sequentially("romeo")
    expect(hits).to_have_count(1)
    expect(hits.first).to_contain_text("Whose plan is that?")
    hits.first.get_by_role("button").click()
    expect(romeo.message("Whose plan")).to_be_in_viewport()

    # One box over people, conversations and messages.
    romeo.page.keyboard.press("Control+k")
    romeo.page.get_by_placeholder("Jump to …").fill("juliet")
    expect(romeo.page.get_by_role("option", name="@juliet")).to_be_visible()
    romeo.page.get_by_placeholder("Jump to …").fill("gene")
    expect(romeo.page.get_by_role("option", name="general", exact=True)).to_be_visible()
    romeo.page.get_by_role("option", name="Search messages for “gene”").click()
    expect(box).to_have_value("gene")


def test_what_was_refused_says_why_and_can_be_tried_again(come: Come, place: Place) -> None:
    place.set_up()
    romeo = come("romeo")
    place.register("juliet")
    token = place.token_of("juliet")
    me = romeo.page.evaluate("JSON.parse(localStorage['hubbub.login']).tokens.userId")
    balcony = {"kind": "group", "title": "Balcony", "user_ids": [me]}
    group = "/api/v1/conversations/" + place.post("/api/v1/conversations", balcony, token)["conversation_id"]
    romeo.opens("Balcony")
    romeo.goes_offline()
    romeo.says("May I?")
    place.post(group, {"mute_all": True}, token, method="PATCH")
    romeo.returns()
    failure = romeo.page.get_by_role("alert").filter(has_text="Not sent")
    expect(failure).to_be_visible(timeout=60_000)
    place.post(group, {"mute_all": False}, token, method="PATCH")
    failure.get_by_role("button", name="Try again").click()
    expect(romeo.message("May I?").get_by_role("img", name="Sent", exact=True)).to_be_visible()
