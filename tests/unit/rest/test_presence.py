"""Who is online, for those who ask over HTTP."""

from __future__ import annotations

from unit.rest.site import Site

from hubbub.base.ids import new_id
from hubbub.cluster.model import Came


class Chair:
    """A seat somebody sits on."""

    def __init__(self, user_id: str) -> None:
        self.id = new_id()
        self.user_id = user_id
        self.device_id = new_id()
        self.came = Came(1)

    def ousted(self) -> None: ...

    def seems_gone(self) -> bool:
        return False


async def test_who_is_online_is_listed_and_asked_for(site: Site) -> None:
    people = sorted([await site.enter(name) for name in ("romeo", "juliet", "nurse")], key=lambda one: one.user_id)
    first, second, third = people
    sessions = site.deps.sessions
    assert sessions is not None
    chairs = [Chair(person.user_id) for person in people[:2]]
    for chair in chairs:
        await sessions.admit(chair)
    page = await third.gets("/presence", limit=1)
    assert [(one["user_id"], one["state"]) for one in page["presences"]] == [(first.user_id, "online")]
    page = await third.gets("/presence", limit=1, cursor=page["next_cursor"])
    assert [one["user_id"] for one in page["presences"]] == [second.user_id]
    assert page["next_cursor"] == ""
    sessions.leave(chairs[0], logged_out=False)
    sessions.leave(chairs[1], logged_out=True)
    asked = await third.gets("/presence", id=[second.user_id, first.user_id, third.user_id])
    assert [one["state"] for one in asked["presences"]] == ["offline", "dropped", "offline"]
    assert asked["presences"][1]["last_seen_ms"] > 0
    assert asked["presences"][2]["last_seen_ms"] == 0
    assert await third.is_refused("GET", "/presence", params={"cursor": "x"}) == "bad_cursor"
