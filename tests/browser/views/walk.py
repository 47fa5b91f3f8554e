"""Somebody who goes through views one after the other, and how views are listed.

A walk is one page that is loaded once: going from view to view is what the app does itself, so it takes seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from browser.people import PASSWORD, Place
from playwright.sync_api import Locator, Page, expect

__all__ = ["View", "Walk", "Way"]

LAYERS = '[role="dialog"], [role="menu"], [data-reka-popper-content-wrapper] [data-state="open"]'
"""What lies over a view."""


@dataclass(slots=True)
class Walk:
    """A page, the place it shows, and what was made there to be looked at."""

    page: Page
    place: Place
    made: dict[str, str] = field(default_factory=dict)
    """Ids by name: conversations, people, messages."""

    # ------------------------------------------------------------ goes

    def opens(self, path: str) -> None:
        """Load a page anew."""
        self.page.goto(f"{self.place.address}{path}")

    def to(self, path: str) -> None:
        """Go somewhere within the app without loading it again."""
        address = json.dumps(path)
        self.page.evaluate(f"history.pushState(null, '', {address}), dispatchEvent(new PopStateEvent('popstate'))")

    def talk(self, name: str = "general", query: str = "") -> None:
        """Open a conversation."""
        self.to(f"/c/{self.made[name]}{query}")
        expect(self.page.locator("main article").first).to_be_visible()

    def settles(self, section: str) -> None:
        """Open a section of the settings."""
        self.to(f"/settings/{section}")
        self.page.locator("main h2").wait_for()
        self.still()

    def console(self, page: str) -> Locator:
        """Open a page of the console."""
        self.to(f"/admin/{page}")
        self.page.locator("main h2").first.wait_for()
        self.still()
        return self.page.locator("main")

    # ------------------------------------------------------------ does

    def button(self, name: str, within: Locator | None = None, *, exact: bool = True) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=exact).first

    def item(self, name: str) -> None:
        """Choose something in the menu that is open."""
        self.page.get_by_role("menuitem", name=name).first.click()

    def acts(self, text: str) -> None:
        """Open the menu of a message."""
        message = self.page.locator("main article").filter(has_text=text).first
        message.hover()
        message.get_by_role("button", name=re.compile("^Actions for the message")).click()

    def proves(self) -> None:
        """Fill in the dialog that asks whether it is really them."""
        self.dialog().locator('input[type="password"]').fill(PASSWORD)
        self.page.keyboard.press("Enter")

    def closes(self) -> None:
        """Close what lies over the view, as a keyboard does."""
        layers = self.page.locator(LAYERS)
        for _ in range(4):
            if layers.count() == 0:
                return
            self.page.keyboard.press("Escape")
            self.page.wait_for_timeout(60)
        expect(layers).to_have_count(0)

    # ------------------------------------------------------------ sees

    def dialog(self) -> Locator:
        found = self.page.get_by_role("dialog").last
        found.wait_for()
        return found

    def menu(self) -> None:
        self.page.get_by_role("menu").first.wait_for()

    def still(self) -> None:
        """Wait until nothing says that it is loading."""
        expect(self.page.get_by_label("Loading …")).to_have_count(0)

    # ------------------------------------------------------------ asks

    def ask(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """Do something over HTTP as somebody, whose login is kept."""
        kept = self.made.get(f"token of {name}") or self.place.token_of(name)
        self.made[f"token of {name}"] = kept
        return self.place.post(f"/api/v1{path}", body, kept, method=method)


@dataclass(frozen=True, slots=True)
class View:
    """Something to be looked at."""

    name: str
    shows: frozenset[str]
    """Components, routes and pages by the names that the sources have for them."""
    go: Callable[[Walk], None]


@dataclass(slots=True)
class Way:
    """Views in the order in which they are visited."""

    views: tuple[View, ...] = ()

    def view(self, name: str, *shows: str) -> Callable[[Callable[[Walk], None]], Callable[[Walk], None]]:
        """List what a function leads to."""

        def listed(go: Callable[[Walk], None]) -> Callable[[Walk], None]:
            self.views += (View(name, frozenset(shows), go),)
            return go

        return listed
