"""Somebody who is wanted is called, unless they are looking."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from browser.people import Person, Place, is_soon
from playwright.sync_api import expect

LISTEN = """
window.calls = [];
window.Notification = class {
  static permission = "granted";
  constructor(title, options) { calls.push([title, options.body]); }
};
window.tones = 0;
const hear = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { tones += 1; return hear.call(this); };
window.badges = [];
navigator.setAppBadge = async (count) => void badges.push(count);
navigator.clearAppBadge = async () => void badges.push(0);
localStorage.setItem("hubbub.settings", localStorage.getItem("hubbub.settings") ?? JSON.stringify({ desktop: true }));
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
    icon = juliet.page.locator('link[rel="icon"]')
    expect(icon).to_have_attribute("href", re.compile("^data:image/png"))
    assert juliet.page.evaluate("calls") == [["Romeo", "Call me but love"]]
    # A call is two soft tones; the icon of the installed app counts, too.
    assert juliet.page.evaluate("[tones, badges.at(-1)]") == [2, 1]
    juliet.opens("Romeo")
    expect(juliet.page).to_have_title("Romeo · Verona")
    expect(icon).to_have_attribute("href", "/icon.svg")
    romeo.says("and more")
    juliet.sees("and more")
    assert juliet.page.evaluate("[calls.length, tones, badges.at(-1)]") == [1, 2, 0]

    # Without sound there is a call, and no tone.
    juliet.page.goto(f"{place.address}/settings/notifications")
    juliet.page.get_by_role("switch", name="Sound").click()
    juliet.page.goto(place.address)
    juliet.opens("general")
    romeo.says("Arise")
    expect(juliet.page).to_have_title("(1) general · Verona")
    is_soon(juliet.page, "calls.length === 1")
    assert juliet.page.evaluate("tones") == 0


def test_a_call_shows_while_the_app_is_closed_and_leads_to_its_conversation(
    come: Callable[..., Person], place: Place
) -> None:
    place.set_up()
    juliet = come("juliet")
    juliet.context.grant_permissions(["notifications"], origin=place.address)
    romeo = come("romeo")
    romeo.writes_to("Juliet")
    romeo.says("Soft!")
    juliet.opens("Romeo")
    conversation = juliet.page.url.rpartition("/")[2]
    juliet.opens("general")
    is_soon(juliet.page, "navigator.serviceWorker.controller")
    devtools = juliet.context.new_cdp_session(juliet.page)
    found: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    juliet.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    call = {"conversation_id": conversation, "seq": 9, "count": 3, "sender": "Romeo", "language": "zh"}
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": place.address, "registrationId": found[0], "data": json.dumps(call)},
    )
    shown = juliet.page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.getRegistration();
          for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
            const notes = await registration.getNotifications();
            if (notes.length) return notes.map((note) => [note.title, note.body, note.tag]);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          return [];
        }"""
    )
    assert shown == [["Romeo", "3 条新消息", conversation]]
    worker = juliet.context.service_workers[0]
    worker.evaluate(
        """async () => {
          const [notification] = await registration.getNotifications();
          dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )
    expect(juliet.head).to_have_text("Romeo")


def test_hours_of_quiet_are_kept_on_the_server(come: Callable[..., Person], place: Place) -> None:
    place.set_up()
    juliet = come("juliet")
    juliet.page.goto(f"{place.address}/settings/notifications")
    juliet.page.get_by_text("Quiet hours", exact=True).click()
    juliet.page.get_by_label("From").fill("23:15")
    juliet.page.get_by_label("From").blur()
    juliet.page.get_by_text("For an hour", exact=True).click()
    expect(juliet.page.locator("input[value=until]")).to_be_checked()
    other = juliet.in_another_tab()
    other.page.goto(f"{place.address}/settings/notifications")
    expect(other.page.get_by_label("From")).to_have_value("23:15")
    expect(other.page.locator("input[value=until]")).to_be_checked()
