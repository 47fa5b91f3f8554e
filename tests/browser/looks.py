"""What is asked of every view: nothing that axe knows of, room on the narrowest phone, a focus one sees, calm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

__all__ = ["DARK_PHONE_ZH", "LIGHT_WIDE_EN", "broken", "calm", "focus", "narrow", "puts_on", "violations"]

AXE = (Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js").read_text
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

LIGHT_WIDE_EN = {"theme": "light", "language": "en", "width": 1280, "height": 860}
DARK_PHONE_ZH = {"theme": "dark", "language": "zh", "width": 320, "height": 640}

# A menu or a tip belongs to its button, and to no landmark.
LOOSE = "[data-reka-popper-content-wrapper]"

FOCUS = """(() => {
  const wrong = [];
  const layer = [...document.querySelectorAll('[role=dialog], [role=menu]')].pop();
  const seen = (style) => [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow,
    style.backgroundColor, style.borderColor].join();
  const before = document.activeElement;
  for (const one of (layer ?? document).querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')) {
    // The items of a menu are lit by the library, a moment after.
    if (one.role === 'menuitem' || one.disabled || one.type === 'hidden') continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    const parents = [one.parentElement, one.parentElement?.parentElement, one.closest('label')].filter(Boolean);
    one.blur();
    // A layer with one thing to be in holds the focus there; the caret and the chosen line show it.
    if (document.activeElement === one || one.matches('[role=combobox][aria-activedescendant]')) continue;
    const all = [one, ...parents, ...one.parentElement.children];
    const was = all.map((each) => seen(getComputedStyle(each)));
    one.focus({ focusVisible: true, preventScroll: true });
    if (document.activeElement !== one) continue;
    if (all.every((each, at) => seen(getComputedStyle(each)) === was[at])) wrong.push(one.outerHTML.slice(0, 160));
  }
  before?.focus({ preventScroll: true });
  return wrong;
})()"""

CALM = """document.getAnimations().filter((one) => one.playState === 'running'
  && (one.effect?.getComputedTiming().activeDuration ?? 0) > 50)
  .map((one) => one.animationName ?? one.transitionProperty ?? 'an animation')"""


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds on the page as it stands; of these rules alone, if any are named."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE("utf-8"))
    only: dict[str, Any] = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    options = {"runOnly": only, "resultTypes": ["violations"]}
    if not rules:
        # The one rule of WCAG 2.2 that axe leaves out unless it is asked for.
        options["rules"] = {"target-size": {"enabled": True}}
    loose = f"each.id === 'region' && document.querySelector(node.target[0])?.closest('{LOOSE}')"
    said = "`${each.id}: ${node.html.slice(0, 200)} ${node.failureSummary.slice(0, 300)}`"
    found: list[str] = page.evaluate(
        f"axe.run(document, {json.dumps(options)}).then(({{ violations }}) => violations.flatMap((each) =>"
        f" each.nodes.filter((node) => !({loose})).map((node) => {said})))"
    )
    return found


def puts_on(page: Page, look: dict[str, Any]) -> None:
    """Have the app look otherwise while it stays open; a page without script follows the system's theme."""
    page.set_viewport_size({"width": look["width"], "height": look["height"]})
    page.emulate_media(color_scheme=look["theme"], reduced_motion="reduce")
    chosen = json.dumps(json.dumps({"theme": look["theme"], "language": look["language"]}))
    page.evaluate(
        f"localStorage.setItem('hubbub.settings', {chosen}),"
        " dispatchEvent(new StorageEvent('storage', {key: 'hubbub.settings'}))"
    )
    # Two frames: one in which Vue draws, one in which the browser has.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def narrow(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    if page.evaluate("document.documentElement.scrollWidth") <= width:
        return []
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)"
        ".map((one) => one.outerHTML.slice(0, 120)).slice(0, 3)"
    )
    return [f"wider than the screen: {one}" for one in wide]


def focus(page: Page) -> list[str]:
    """What looks the same with the focus of a keyboard as without."""
    return [f"focus not seen: {one}" for one in page.evaluate(FOCUS)]


def calm(page: Page) -> list[str]:
    """What moves although somebody asked for less motion."""
    return [f"moves: {one}" for one in page.evaluate(CALM)]


def broken(page: Page) -> list[str]:
    """Which pictures are none."""
    gone = "[...document.images].filter((one) => one.complete && !one.naturalWidth).map((one) => one.outerHTML)"
    return [f"no picture: {one[:120]}" for one in page.evaluate(gone)]
