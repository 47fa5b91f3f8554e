"""A browser, a server it can be pointed at, and the people who use both."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from browser.people import Person, Place
from e2e.served import Served
from playwright.sync_api import Browser, sync_playwright

from hubbub.lab.servers.binaries import MissingProgram, find

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A screen and a microphone that are always there, and a yes to whoever asks for them.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def built() -> None:
    """The app is built from these sources."""
    tool = _tool("web")
    try:
        tool.build()
    except tool.Missing as exc:
        pytest.skip(str(exc))
    except subprocess.CalledProcessError as exc:
        pytest.fail(f"the web app could not be built: {exc}")


@pytest.fixture(scope="module")
def chromium(built: None) -> Iterator[Browser]:
    """Debian's Chromium, installed where that may be done, without a window; it is started once for a file of tests."""
    try:
        path = find("chromium", package="chromium")
    except MissingProgram as missing:
        pytest.skip(str(missing))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A browser that nobody has used: whoever comes has a context of their own, which ends with the test."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A server that was started for the first time, with the settings a test names as its parameter."""
    served = Served(tmp_path / "data", **getattr(request, "param", {}))
    try:
        _, port = served.start().http
        yield Place(served, f"http://localhost:{port}")
    finally:
        served.stop()


@pytest.fixture
def come(browser: Browser, place: Place) -> Iterator[Callable[..., Person]]:
    """Bring somebody with an account and a browser of their own, logged in."""
    people: list[Person] = []

    def come(name: str, **options: object) -> Person:
        person = Person(browser, place, name, **options)
        people.append(person)
        person.logs_in()
        return person

    yield come
    for person in people:
        person.looks_for_trouble()
