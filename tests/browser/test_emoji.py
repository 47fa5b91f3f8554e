"""Emoji: the place's own are made in the console, written, found, set as reactions, and gone for everybody at once."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from browser.test_console import goes, row
from browser.test_everybody import violations
from browser.test_files_and_search import picture
from playwright.sync_api import FilePayload, expect
from unit.files.images import a_pack, a_picture


def test_a_pack_is_added_used_and_taken_away_while_others_look(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    prince, juliet = come("prince"), come("juliet")
    juliet.writes_to("prince")
    juliet.says("Of :masked-ball: I know nothing")
    message = juliet.message("I know nothing")
    expect(message.locator("img.own-emoji")).to_have_count(0)

    # It opens with what there is, all of it, and not half empty.
    juliet.page.get_by_role("button", name="Emoji", exact=True).click()
    picker = juliet.page.locator(".picker")
    expect(picker.get_by_role("group", name="Recently used").get_by_role("button")).to_have_count(8)
    expect(picker.get_by_role("group", name="Flags").get_by_role("button").nth(200)).to_be_attached()
    picker.get_by_role("button", name="Animals and nature").click()
    expect(picker.get_by_role("button", name="monkey face")).to_be_in_viewport()
    picker.get_by_role("button", name="Dark skin tone", exact=True).click()
    picker.get_by_label("Search emoji").fill("waving hand")
    picker.get_by_label("Search emoji").press("Enter")
    expect(juliet.box).to_have_value("👋🏿")
    juliet.box.fill("")
    juliet.box.press_sequentially("A feast :tada:")
    expect(juliet.box).to_have_value("A feast 🎉")
    juliet.box.fill("")

    # The console: a pack with one that is wrong is refused whole and named; then it is there for everybody.
    main = goes(prince, "emoji")
    good = picture()
    bad = FilePayload(name="Verona.zip", mimeType="application/zip", buffer=a_pack({"a.png": good, "b.png": b"<svg/>"}))
    main.get_by_label("ZIP with pictures").set_input_files(bad)
    expect(main.get_by_label("Name of the pack")).to_have_value("Verona")
    main.get_by_role("button", name="Add", exact=True).nth(1).click()
    expect(main.get_by_role("alert")).to_contain_text("b.png")
    pack = a_pack({"masked-ball.png": good, "poison.png": a_picture("PNG", (300, 200))})
    main.get_by_label("ZIP with pictures").set_input_files(
        FilePayload(name="Verona.zip", mimeType="application/zip", buffer=pack)
    )
    main.get_by_role("button", name="Add", exact=True).nth(1).click()
    expect(row(prince.page, ":masked-ball:").locator("img")).to_be_visible()
    main.get_by_label("Picture:").set_input_files(FilePayload(name="Thumb Bite.png", mimeType="image/png", buffer=good))
    expect(main.get_by_label("Name", exact=True)).to_have_value("thumb_bite")
    main.get_by_label("Other names").fill("咬拇指")
    main.get_by_role("button", name="Add", exact=True).first.click()
    expect(row(prince.page, ":咬拇指:").locator("img")).to_be_visible()
    assert violations(prince.page) == []

    # Whoever looks sees it at once, in what was said before, too.
    expect(message.get_by_role("img", name="masked-ball")).to_be_visible()
    expect(message.get_by_role("img", name="masked-ball")).to_have_js_property("naturalWidth", 64)

    # Completion, the picker, a reaction.
    juliet.box.press_sequentially("Do you bite :咬")
    juliet.page.get_by_role("option", name="thumb_bite").click()
    expect(juliet.box).to_have_value("Do you bite :thumb_bite: ")
    juliet.box.press("Enter")
    expect(juliet.message("Do you bite").get_by_role("img", name="thumb_bite")).to_be_visible()
    juliet.message("Do you bite").hover()
    juliet.message("Do you bite").get_by_role("button", name="Add a reaction").click()
    expect(picker.get_by_role("group", name="Verona").get_by_role("button")).to_have_count(2)
    picker.get_by_label("Search emoji").fill("poison")
    picker.get_by_role("button", name="poison", exact=True).click()
    reaction = juliet.message("Do you bite").get_by_role("button", name=":poison:, 1 reaction")
    expect(reaction.locator("img.own-emoji")).to_be_visible()

    # Taken away, its name is shown again.
    main.get_by_role("button", name="Remove the pack").click()
    prince.page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(reaction).to_contain_text(":poison:")
    expect(message).to_contain_text("Of :masked-ball: I know nothing")
