"""The app starts from what the browser kept, with no server anywhere, and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place, is_soon
from playwright.sync_api import expect

Come = Callable[..., Person]

KEPT = """
async ([table, text]) => {
  const settled = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await settled(indexedDB.open("hubbub"));
  try {
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
      const rows = await settled(database.transaction(table).objectStore(table).getAll());
      if (JSON.stringify(rows).includes(text)) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  } finally {
    database.close();
  }
}
"""


def is_kept(person: Person, table: str, text: str) -> None:
    """Wait until the browser has it in its store."""
    assert person.page.evaluate(KEPT, [table, text])


def test_the_app_starts_without_a_server_and_sends_once_what_was_written(come: Come, place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    romeo.opens("general")
    juliet.opens("general")
    juliet.says("kept")
    romeo.sees("kept")
    is_soon(romeo.page, "navigator.serviceWorker.controller")
    app = romeo.page.evaluate("async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()")
    assert app["display"] == "standalone"
    assert {icon["sizes"] for icon in app["icons"]} >= {"192x192", "512x512"}
    is_kept(romeo, "pages", "kept")
    is_soon(romeo.page, "Object.keys(localStorage).some((key) => key.includes('people.'))")
    place.dies()
    romeo.page.reload()
    expect(romeo.head).to_have_text("general")
    romeo.sees("kept")
    expect(romeo.message("kept")).to_contain_text("Juliet")
    expect(romeo.page).to_have_title("general · Verona")
    romeo.says("from the dark")
    romeo.sees("from the dark")
    is_kept(romeo, "commands", "from the dark")
    romeo.page.reload()
    romeo.sees_in_order("kept", "from the dark")
    expect(romeo.message("from the dark").get_by_role("img", name="Waiting to be sent")).to_be_visible()
    place.comes_back()
    romeo.page.evaluate("dispatchEvent(new Event('online'))")
    expect(romeo.message("from the dark").get_by_role("img", name="Sent", exact=True)).to_be_visible(timeout=60_000)
    romeo.sees_in_order("kept", "from the dark")
    juliet.page.evaluate("dispatchEvent(new Event('online'))")
    expect(juliet.message("from the dark")).to_have_count(1, timeout=60_000)
    juliet.sees_in_order("kept", "from the dark")
    # Nobody has it twice after a look at the log, either.
    romeo.page.reload()
    romeo.sees_in_order("kept", "from the dark")
