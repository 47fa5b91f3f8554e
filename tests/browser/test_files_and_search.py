"""Files, pictures of the screen, one's voice, what is behind links, and finding all of it again."""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable

import pytest
from browser.people import Person, Place
from playwright.sync_api import FilePayload, Route, expect

Come = Callable[..., Person]


def picture(side: int = 64) -> bytes:
    """A red square as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xc0\x20\x20" * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def pair(come: Come, place: Place) -> tuple[Person, Person]:
    place.set_up()
    romeo = come("romeo", permissions=["microphone"])
    juliet = come("juliet")
    romeo.writes_to("Juliet")
    romeo.says("Soft!")
    juliet.opens("Romeo")
    return romeo, juliet


def test_files_are_sent_looked_at_saved_and_forwarded(pair: tuple[Person, Person]) -> None:
    romeo, juliet = pair
    romeo.page.locator("main input[type=file]").set_input_files(
        [
            FilePayload(name="rose.png", mimeType="image/png", buffer=picture()),
            FilePayload(name="sonnet.txt", mimeType="text/plain", buffer=b"By any other name"),
        ]
    )
    expect(romeo.page.locator(".attached progress")).to_have_count(0)
    romeo.says("Two things")
    juliet.message("Two things").get_by_role("button", name="Image rose.png").click()
    viewer = juliet.page.get_by_role("dialog")
    expect(viewer.get_by_role("img").first).to_be_visible()
    juliet.page.keyboard.press("Escape")
    with juliet.page.expect_download() as saved:
        juliet.message("Two things").get_by_role("link", name="Download sonnet.txt").click()
    assert saved.value.path().read_bytes() == b"By any other name"

    juliet.acts_on("Two things", "Forward …")
    dialog = juliet.page.get_by_role("dialog")
    dialog.get_by_role("button", name="general").click()
    dialog.get_by_role("button", name="Forward (1)").click()
    juliet.opens("general")
    juliet.sees("Forwarded from Romeo")
    expect(juliet.message("Two things").get_by_role("button", name="Image rose.png")).to_be_visible()

    # Found again by its words and by what it brought.
    juliet.page.keyboard.press("Control+Shift+F")
    panel = juliet.page.get_by_role("complementary", name="Search")
    panel.get_by_role("searchbox").fill("two things has:file")
    panel.get_by_role("button", name="Everywhere").click()
    expect(panel.get_by_role("listitem")).to_have_count(2)
    expect(panel.locator("mark").first).to_have_text("Two")
    panel.get_by_role("listitem").filter(has_text="Romeo").first.click()
    expect(juliet.head).to_have_text("Romeo")
    expect(juliet.message("Two things")).to_be_in_viewport()


GIVE = """
(area, [kind, name, type, bytes]) => {
  const given = new DataTransfer();
  given.items.add(new File([Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0))], name, { type }));
  const how = { bubbles: true, cancelable: true };
  area.dispatchEvent(
    kind === "paste"
      ? new ClipboardEvent("paste", { ...how, clipboardData: given })
      : new DragEvent("drop", { ...how, dataTransfer: given }),
  );
}
"""


def test_files_are_pasted_dropped_taken_back_and_played(pair: tuple[Person, Person]) -> None:
    romeo, juliet = pair
    attached = romeo.page.locator(".attached li")

    def give(kind: str, name: str, type_: str, content: bytes) -> None:
        romeo.box.evaluate(GIVE, [kind, name, type_, b64encode(content).decode()])

    give("paste", "pasted.png", "image/png", picture())
    expect(attached.filter(has_text="pasted.png").locator("img")).to_be_visible()
    # The head of a film, which is all that is looked at.
    give("drop", "film.webm", "video/webm", b"\x1a\x45\xdf\xa3\x42\x82\x84webm V_VP8" + bytes(64))
    expect(attached).to_have_count(2)
    expect(romeo.page.locator(".attached progress")).to_have_count(0)

    # One that takes too long is taken back before it is there, and nothing of it is sent.
    romeo.page.route("**/api/v1/files?name=endless*", lambda route: None)
    give("drop", "endless.bin", "", bytes(100))
    expect(romeo.page.get_by_role("progressbar", name="Uploading endless.bin")).to_be_visible()
    expect(romeo.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    romeo.page.get_by_role("button", name="Do not send endless.bin").click()
    expect(attached).to_have_count(2)
    romeo.says("A picture and a film")
    expect(juliet.message("A picture and a film").get_by_role("button", name="Image pasted.png")).to_be_visible()
    expect(juliet.message("A picture and a film").locator("video")).to_be_visible()
    expect(juliet.page.get_by_text("endless.bin")).to_have_count(0)


def test_the_screen_and_ones_voice_become_files(pair: tuple[Person, Person]) -> None:
    romeo, juliet = pair
    romeo.page.get_by_role("button", name="Attach", exact=True).click()
    romeo.page.get_by_role("menuitem", name="Capture the screen").click()
    expect(romeo.page.locator(".attached img")).to_be_visible()
    romeo.page.get_by_role("button", name="Attach", exact=True).click()
    romeo.page.get_by_role("menuitem", name="Record a voice message").click()
    expect(romeo.page.get_by_role("group", name="Recording …").locator("time")).to_have_text("0:01")
    romeo.page.get_by_role("button", name="Attach the recording").click()
    expect(romeo.page.locator(".attached li")).to_have_count(2)
    expect(romeo.page.locator(".attached progress")).to_have_count(0)
    romeo.says("See and hear")
    expect(juliet.message("See and hear").locator("audio")).to_be_visible()
    expect(juliet.message("See and hear").locator(".picture img")).to_be_visible()


def test_links_show_what_is_behind_them_unless_one_does_not_want_it(pair: tuple[Person, Person]) -> None:
    romeo, juliet = pair
    asked = []
    link = {
        "url": "https://verona.example/",
        "state": "waiting",
        "title": "",
        "description": "",
        "site": "",
        "image": "",
        "image_width": 0,
        "image_height": 0,
    }
    ready = link | {"state": "ready", "title": "Two households", "description": "Both alike in dignity"}

    def answer(route: Route) -> None:
        asked.append(1)
        # The first time the server has not looked yet.
        route.fulfill(body=json.dumps({"links": [link if len(asked) == 1 else ready]}))

    juliet.page.route("**/links", answer)
    romeo.says("Look: https://verona.example/")
    preview = juliet.message("Look:").get_by_role("link", name="Two households")
    expect(preview).to_contain_text("Both alike in dignity")
    juliet.page.evaluate("localStorage.setItem('hubbub.settings', JSON.stringify({ linkPreviews: false }))")
    juliet.page.reload()
    juliet.sees("Look:")
    expect(preview).to_have_count(0)
