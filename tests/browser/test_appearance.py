"""How the app looks and speaks is a matter of taste: it follows the system until somebody says otherwise."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from playwright.sync_api import expect


def test_the_app_looks_and_speaks_as_one_likes(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    romeo = come("romeo", viewport={"width": 1920, "height": 1000}, color_scheme="dark")
    page, html = romeo.page, romeo.page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-theme", "light")

    page.goto(f"{place.address}/settings/appearance")
    page.get_by_text("Dark", exact=True).click()
    page.get_by_text("Compact", exact=True).click()
    expect(html).to_have_attribute("data-theme", "dark")
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("heading", level=2)).to_have_text("外观")
    page.reload()
    expect(html).to_have_attribute("lang", "zh-CN")
    expect(html).to_have_attribute("data-theme", "dark")
    expect(html).to_have_attribute("data-density", "compact")
    page.get_by_text("English", exact=True).click()

    # On a wide screen the list, the conversation and what is opened beside it have room next to each other.
    page.goto(place.address)
    romeo.opens("general")
    page.get_by_role("button", name="About this conversation").click()
    boxes = [
        page.get_by_role("complementary", name="Conversations").bounding_box(),
        page.locator("main .pane").bounding_box(),
        page.get_by_role("complementary", name="About").bounding_box(),
    ]
    edges = [(box["x"], box["x"] + box["width"]) for box in boxes if box is not None]
    assert len(edges) == 3
    assert edges[0][1] <= edges[1][0] + 1
    assert edges[1][1] <= edges[2][0] + 1
    assert edges[2][1] <= 1920
