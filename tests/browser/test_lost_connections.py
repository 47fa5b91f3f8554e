"""What was written while there was no server is there afterwards, once and in order."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from playwright.sync_api import expect

Come = Callable[..., Person]


def test_offline_and_back(come: Come, place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    romeo.opens("general")
    juliet.opens("general")
    romeo.says("one")
    juliet.sees("one")
    romeo.goes_offline()
    expect(romeo.page.get_by_text("No connection")).to_be_visible(timeout=60_000)
    romeo.says("two")
    romeo.says("three")
    expect(romeo.message("three").get_by_role("img", name="Waiting to be sent")).to_be_visible()
    juliet.says("meanwhile")
    romeo.returns()
    juliet.sees_in_order("one", "meanwhile", "two", "three")
    romeo.sees_in_order("one", "meanwhile", "two", "three")


def test_the_server_dies_while_somebody_types(come: Come, place: Place) -> None:
    place.set_up()
    romeo = come("romeo")
    romeo.opens("general")
    romeo.says("before")
    romeo.sees("before")
    romeo.box.fill("half a sen")
    place.dies()
    expect(romeo.page.get_by_text("No connection")).to_be_visible(timeout=60_000)
    romeo.box.press_sequentially("tence")
    romeo.box.press("Enter")
    place.comes_back()
    expect(romeo.message("half a sentence").get_by_role("img", name="Sent", exact=True)).to_be_visible(timeout=60_000)
    romeo.page.reload()
    romeo.sees_in_order("before", "half a sentence")
