"""Every view there is, as everybody needs it: axe, narrow phones, dark, Chinese, keyboards, less motion."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.looks import DARK_PHONE_ZH, LIGHT_WIDE_EN, broken, calm, focus, narrow, puts_on, violations
from browser.people import LONG_MS, Person, Place
from browser.views import DOOR, INSIDE, SERVED, VIEWS
from browser.views.scene import furnish
from browser.views.walk import View, Walk
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web/src"
SERVER = ROOT / "src/hubbub/rest"

# A link to a provider whose pages are on another host than its address says; and what a server without the app shows.
BARE = {"page:foreign.go_there", "page:pages.front"}

PROVIDER = {
    "HUBBUB_AUTH_PROVIDER_ISSUER": "http://127.0.0.1:1",
    "HUBBUB_AUTH_PROVIDER_CLIENT_ID": "verona",
    "HUBBUB_AUTH_PROVIDER_NAME": "Mantua",
}


def in_sources() -> Iterator[str]:
    """Name everything that somebody could be shown, as the sources have it."""
    yield from (f"route:{name}" for name in re.findall(r'name: "([\w-]+)"', (WEB / "router.ts").read_text("utf-8")))
    sections = (WEB / "views/SettingsView.vue").read_text("utf-8")
    yield from (f"settings:{name}" for name in re.findall(r'{ name: "(\w+)", icon', sections))
    pages = (WEB / "components/admin/pages.ts").read_text("utf-8")
    yield from (f"console:{name}" for name in re.findall(r'^  page\("(\w+)"', pages, re.MULTILINE))
    for path in sorted(WEB.rglob("*.vue")):
        over = re.search(r"<(AppDialog|\w+Content)\b", path.read_text("utf-8")) and path.name != "AppDialog.vue"
        if over or path.parent.name in ("views", "panels"):
            yield path.stem
    for path in sorted([SERVER / "pages.py", *(SERVER / "authorization").glob("*.py")]):
        yield from (f"page:{path.stem}.{name}" for name in _making_pages(ast.parse(path.read_text("utf-8"))))


def _making_pages(tree: ast.AST) -> Iterator[str]:
    for one in ast.walk(tree):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name not in ("page", "_page"):
            calls = [each.func for each in ast.walk(one) if isinstance(each, ast.Call)]
            if any(getattr(each, "attr", getattr(each, "id", "")) in ("page", "_page") for each in calls):
                yield one.name


def test_no_view_is_left_out() -> None:
    """Whoever adds a route, a dialog, a panel or a page lists in `browser/views` how to get there."""
    listed = frozenset[str]().union(*(view.shows for view in VIEWS))
    assert sorted(set(in_sources()) - listed - BARE) == []
    assert len({view.name for view in VIEWS}) > 0


def walks(walk: Walk, views: tuple[View, ...], *, served: bool = False) -> None:
    """Go through views; each is looked at light, wide and English, and dark, narrow and Chinese."""
    found: list[str] = []
    for view in views:
        puts_on(walk.page, LIGHT_WIDE_EN)
        view.go(walk)
        wrong = [*violations(walk.page), *focus(walk.page), *calm(walk.page), *broken(walk.page)]
        puts_on(walk.page, DARK_PHONE_ZH)
        wrong += [*violations(walk.page), *narrow(walk.page)]
        puts_on(walk.page, LIGHT_WIDE_EN)
        if not served:
            walk.closes()
        found += [f"{view.name}: {one}" for one in wrong]
    assert not found, "\n".join(found)


def a_page(browser: Browser) -> Page:
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(LONG_MS)
    page = context.new_page()
    page.goto("about:blank")
    return page


@pytest.mark.parametrize("place", [PROVIDER], indirect=True)
def test_the_door_is_for_everybody(browser: Browser, place: Place) -> None:
    guest = Person(browser, place, "guest", reduced_motion="reduce")
    guest.page.goto(place.address)
    walks(Walk(guest.page, place), DOOR)


@pytest.mark.parametrize("place", [PROVIDER], indirect=True)
def test_the_pages_of_the_server_are_for_everybody(browser: Browser, place: Place) -> None:
    guest = Person(browser, place, "guest", reduced_motion="reduce")
    guest.page.goto(f"{place.address}/account/forgot")
    walks(Walk(guest.page, place), SERVED, served=True)


@pytest.mark.parametrize("part", range(len(INSIDE)))
def test_the_app_is_for_everybody(browser: Browser, place: Place, part: int) -> None:
    prince = Person(browser, place, "prince", reduced_motion="reduce")
    walk = Walk(prince.page, place)
    furnish(walk)
    prince.logs_in()
    walks(walk, INSIDE[part])
    prince.looks_for_trouble()
