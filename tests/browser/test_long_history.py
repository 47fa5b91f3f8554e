"""Ten thousand messages: where they open, how one gets about in them, and that nothing one looks at ever moves."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from browser import long_history as log
from browser.people import Person, Place, is_soon
from playwright.sync_api import Locator, expect

Come = Callable[..., Person]

WALK = """
async ([step, distance]) => {
  const view = document.querySelector("main .scroller");
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const edge = () => view.getBoundingClientRect();
  const deadline = performance.now() + 15_000;
  let walked = 0;
  let worst = 0;
  const seen = new Set();
  while (walked < distance && performance.now() < deadline) {
    // At the edge of what is loaded one waits, as a hand would.
    const room = step < 0 ? view.scrollTop : view.scrollHeight - view.clientHeight - view.scrollTop;
    const by = room > Math.abs(step) ? step : 0;
    const middle = edge().top + edge().height / 2;
    const row = [...view.querySelectorAll("[data-key]")].find((one) => one.getBoundingClientRect().bottom > middle);
    const before = row.getBoundingClientRect().top;
    seen.add(row.dataset.key);
    view.scrollTop += by;
    await frame();
    await frame();
    if (row.isConnected) worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before + by));
    walked += Math.abs(by);
  }
  return { walked, worst, rows: seen.size };
}
"""


def row(person: Person, seq: int) -> Locator:
    return person.page.locator(f'main article[data-seq="{seq}"]')


def floating(person: Person, words: str) -> Locator:
    return person.page.locator("main .float", has_text=words)


def unread(person: Person) -> str:
    """The count in the list."""
    return person.in_list(log.TITLE).locator(".badge:not(.at)").inner_text()


def place_of(person: Person, seq: int) -> float:
    box = row(person, seq).bounding_box()
    assert box is not None
    return box["y"]


def walks(person: Person, step: int, distance: int) -> None:
    """Scroll so far in steps; fail if a row in view ever was elsewhere than the hand had moved it."""
    walk = person.page.evaluate(WALK, [step, distance])
    assert walk["worst"] <= 1.5, walk
    assert walk["walked"] >= distance, walk
    assert walk["rows"] > distance // 400, walk


def goes_to_day(person: Person, day: datetime) -> None:
    person.page.locator("main header").get_by_role("button", name="Jump to a date").click()
    form = person.page.locator(".menu.date form")
    form.locator("input").fill(day.strftime("%Y-%m-%d"))
    form.get_by_role("button", name="Open").click()
    expect(form).to_have_count(0)


def opens_at_the_line_and_reads(romeo: Person) -> None:
    expect(romeo.in_list(log.TITLE)).to_contain_text("99+")
    romeo.opens(log.TITLE)
    line = romeo.page.locator("main .unread")
    expect(line).to_be_in_viewport()
    expect(row(romeo, log.READ + 1)).to_be_in_viewport()
    # What is in view is read, and no more.
    expect(romeo.in_list(log.TITLE).locator(".badge:not(.at)")).to_have_text(re.compile(r"^\d\d$"))
    at_first = int(unread(romeo))
    walks(romeo, 120, 2400)
    is_soon(romeo.page, f"Number(document.querySelector('nav a[aria-current] .badge:not(.at)').innerText) < {at_first}")
    walks(romeo, -300, 15_000)
    expect(floating(romeo, "unread")).to_have_count(0)

    # Down to the newest past what is unread, and back to where it begins.
    expect(floating(romeo, "new messages")).to_be_visible()
    floating(romeo, "new messages").click()
    expect(row(romeo, log.HEAD)).to_be_in_viewport()
    expect(romeo.in_list(log.TITLE).locator(".badge:not(.at)")).to_have_count(0)
    expect(line).to_have_count(0)
    floating(romeo, "99+ unread").click()
    expect(line).to_be_in_viewport()
    expect(row(romeo, log.READ + 1)).to_be_in_viewport()
    expect(floating(romeo, "unread")).to_have_count(0)


def finds_days(romeo: Person) -> None:
    for asked, landed in (
        (log.JOINED, "Tybalt joined"),
        (log.EDITED, "An ancient grudge"),
        (log.REACTED, f"#{log.REACTED + 1} "),
        (log.IN_THREAD, f"#{log.IN_THREAD + 1} "),
        (log.SEEN_FROM, f"#{log.SEEN_FROM} "),
    ):
        goes_to_day(romeo, log.day_of(asked))
        at = romeo.page.locator("main .row", has=romeo.page.locator(".flashing"))
        expect(at).to_contain_text(landed)
        expect(at).to_be_in_viewport()
        # The sign of that day stands above it, and none stands twice.
        sign = at.locator("xpath=preceding-sibling::*[1]").locator(".day")
        expect(sign).to_have_text(re.compile(rf"\b{log.day_of(asked).day}\b"))
        days = romeo.page.locator("main .day").all_inner_texts()
        assert len(days) == len(set(days)), days


def follows_what_leads_somewhere(romeo: Person, group: str) -> None:
    page = romeo.page
    page.goto(f"{romeo.place.address}/c/{group}?at={log.ANSWER}")
    expect(row(romeo, log.ANSWER)).to_be_in_viewport()
    expect(row(romeo, log.ANSWER)).to_have_class(re.compile("flashing"))
    row(romeo, log.ANSWER).locator(".quote").click()
    expect(row(romeo, log.ORIGIN)).to_be_in_viewport()
    expect(row(romeo, log.ORIGIN)).to_have_class(re.compile("flashing"))
    floating(romeo, "Back to the answer").click()
    expect(row(romeo, log.ANSWER)).to_be_in_viewport()
    expect(floating(romeo, "Back to the answer")).to_have_count(0)

    page.get_by_role("button", name="Search in this conversation").click()
    panel = page.get_by_role("complementary", name="Search")
    panel.get_by_role("searchbox").fill("nightingale")
    panel.get_by_role("listitem").get_by_role("button").click()
    expect(row(romeo, log.NIGHTINGALE)).to_be_in_viewport()
    panel.get_by_role("button", name="Close").click()

    page.get_by_role("button", name="Pinned messages").click()
    pinned = page.get_by_role("complementary", name="Pinned messages").get_by_role("article")
    expect(pinned).to_contain_text(f"#{log.PINNED} ")
    pinned.get_by_role("button").first.click()
    expect(row(romeo, log.PINNED)).to_be_in_viewport()

    # What is not there is said, and its neighbour is shown.
    page.goto(f"{romeo.place.address}/c/{group}?at={log.SEEN_FROM - 400}")
    expect(page.get_by_text("said while you were not a member")).to_be_visible()
    expect(row(romeo, log.SEEN_FROM)).to_be_in_viewport()
    page.goto(f"{romeo.place.address}/c/{group}?at={log.IN_THREAD}")
    expect(romeo.thread.locator("article", has_text="Aside")).to_have_class(re.compile("flashing"))
    page.goto(f"{romeo.place.address}/c/{group}?at={log.RECALLED}")
    expect(row(romeo, log.RECALLED)).to_be_in_viewport()
    expect(row(romeo, log.RECALLED)).to_contain_text("This message was recalled.")


def hears_while_far_up(romeo: Person, group: str, token: str) -> None:
    messages = f"/api/v1/conversations/{group}/messages"
    at = place_of(romeo, log.RECALLED)
    for count, words in ((1, "1 new message"), (2, "2 new messages")):
        romeo.place.post(messages, {"text": f"News {count}"}, token)
        expect(floating(romeo, words)).to_be_visible()
        expect(romeo.in_list(log.TITLE).locator(".badge:not(.at)")).to_have_text(str(count))
    assert place_of(romeo, log.RECALLED) == at
    floating(romeo, "2 new messages").click()
    expect(romeo.message("News 2")).to_be_in_viewport()
    expect(romeo.page.locator("main .day").last).to_have_text("Today")
    # The line stands above what came meanwhile, until one answers.
    above = romeo.page.locator("main .row", has_text="News 1").locator("xpath=preceding-sibling::*[1]")
    expect(above.locator(".unread")).to_be_visible()
    romeo.says("I hear")
    expect(romeo.page.locator("main .unread")).to_have_count(0)


def test_ten_thousand_messages_are_read_and_found_without_a_jump(come: Come, place: Place) -> None:
    place.set_up()
    ids = {}
    for name in ("romeo", "juliet", "tybalt"):
        place.register(name)
        ids[name] = place.post("/api/v1/me", None, place.token_of(name), method="GET")["user_id"]
    place.dies()
    group = log.write(place.data, reader=ids["romeo"], writer=ids["juliet"], joiner=ids["tybalt"])
    place.comes_back()
    romeo = come("romeo", timezone_id="UTC")
    opens_at_the_line_and_reads(romeo)
    finds_days(romeo)
    follows_what_leads_somewhere(romeo, group)
    hears_while_far_up(romeo, group, place.token_of("juliet"))
