"""Somebody who is wanted is called, unless they are looking."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from playwright.sync_api import expect

LISTEN = """
window.calls = [];
window.Notification = class {
  static permission = "granted";
  constructor(title, options) { calls.push([title, options.body]); }
};
localStorage.setItem("hubbub.settings", JSON.stringify({ desktop: true, sound: false }));
"""


def test_the_title_counts_and_the_system_tells(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    juliet = come("juliet")
    juliet.context.add_init_script(LISTEN)
    juliet.page.reload()
    juliet.opens("general")
    romeo = come("romeo")
    romeo.writes_to("Juliet")
    romeo.says("Call me **but** love")
    expect(juliet.page).to_have_title("(1) general · Verona")
    assert juliet.page.evaluate("calls") == [["Romeo", "Call me but love"]]
    juliet.opens("Romeo")
    expect(juliet.page).to_have_title("Romeo · Verona")
    romeo.says("and more")
    juliet.sees("and more")
    assert len(juliet.page.evaluate("calls")) == 1
