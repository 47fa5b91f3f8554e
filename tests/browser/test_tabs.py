"""Several tabs of one browser are one device: they share a connection, an outbox and a place in every conversation."""

from __future__ import annotations

from collections.abc import Callable

from browser.people import Person, Place
from playwright.sync_api import WebSocket, expect

Come = Callable[..., Person]


def test_two_tabs_are_one_and_either_goes_on_when_the_other_is_closed(come: Come, place: Place) -> None:
    place.set_up()
    romeo, juliet = come("romeo"), come("juliet")
    juliet.opens("general")
    romeo.opens("general")
    sockets: list[WebSocket] = []
    romeo.context.on("page", lambda page: page.on("websocket", lambda socket: sockets.append(socket)))
    other = romeo.in_another_tab()
    other.opens("general")
    juliet.says("to both")
    romeo.sees("to both")
    other.sees("to both")
    romeo.says("from one")
    other.sees("from one")
    other.says("from the other")
    romeo.sees("from the other")
    juliet.sees_in_order("to both", "from one", "from the other")
    # The second tab speaks through the first one's connection, until that is gone.
    assert not sockets
    romeo.page.close()
    juliet.says("to the one that is left")
    other.sees("to the one that is left")
    other.says("which is there")
    juliet.sees_in_order("to both", "from one", "from the other", "to the one that is left", "which is there")
    assert len(sockets) == 1
    expect(other.page.get_by_text("open in another tab")).to_have_count(0)
