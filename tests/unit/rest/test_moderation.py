"""Reports, held messages and word filters over HTTP: by members, by moderators, and on the way to the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from unit.rest.site import Person, Site

from hubbub.base.ids import new_id


class Street:
    """A public channel with a friar who moderates, and two who quarrel."""

    def __init__(self, site: Site, prince: Person, friar: Person, romeo: Person, tybalt: Person, path: str) -> None:
        self.site, self.prince, self.friar, self.romeo, self.tybalt = site, prince, friar, romeo, tybalt
        self.path = path

    @property
    def conversation_id(self) -> str:
        return self.path.rpartition("/")[2]

    async def texts(self, path: str = "") -> list[str]:
        page = await self.romeo.gets(f"{path or self.path}/messages")
        return [one["body"]["text"] for one in page["items"] if one["type"] == "message"]

    async def filtered(self, pattern: str, action: str) -> str:
        made = await self.friar.does("POST", "/filters", {"pattern": pattern, "action": action})
        return str(made["filter_id"])


@pytest.fixture
async def street(either: Site) -> Street:
    prince = await either.admin()
    friar, romeo, tybalt = [await either.enter(name) for name in ("friar", "romeo", "tybalt")]
    await prince.does("PUT", f"/roles/moderator/people/{friar.user_id}")
    made = await romeo.does("POST", "/conversations", {"kind": "channel", "title": "Street"})
    path = f"/conversations/{made['conversation_id']}"
    for person in (friar, tybalt):
        await person.does("POST", f"{path}/join")
    return Street(either, prince, friar, romeo, tybalt, path)


async def test_a_reported_message_is_recalled_and_its_author_banned(street: Street) -> None:
    said = await street.tybalt.does("POST", f"{street.path}/messages", {"text": "Thou art a villain."})
    body = {"conversation_id": street.conversation_id, "seq": said["seq"], "reason": "abuse", "note": "Him!"}
    made = await street.romeo.does("POST", "/reports", body)
    assert await street.romeo.does("POST", "/reports", body) == made
    (report,) = (await street.friar.gets("/reports"))["reports"]
    assert (report["user_id"], report["excerpt"]) == (street.tybalt.user_id, "Thou art a villain.")
    path = f"/reports/{report['report_id']}/resolve"
    done = await street.friar.does("POST", path, {"resolution": "acted", "recall": True, "ban_until_ms": 0})
    assert (done["resolution"], done["resolved_by"]) == ("acted", street.friar.user_id)
    (message,) = [one for one in (await street.romeo.gets(f"{street.path}/messages"))["items"] if "recalled" in one]
    assert message["recalled"]
    assert await street.tybalt.is_refused("GET", "/me") == "session_ended"
    assert await street.friar.is_refused("POST", path, {"resolution": "dismissed"}) == "conflict"
    assert (await street.friar.gets("/reports"))["reports"] == []
    assert len((await street.friar.gets("/reports", state="closed"))["reports"]) == 1
    acts = [one["act"] for one in (await street.prince.gets("/audit", target=street.tybalt.user_id))["entries"]]
    assert acts[:3] == ["report.resolved", "session.ended", "account.banned"]


async def test_only_what_one_can_see_is_reported(street: Street) -> None:
    room = await street.tybalt.does("POST", "/conversations", {"kind": "group", "title": "Tomb"})
    said = await street.tybalt.does(
        "POST", f"/conversations/{room['conversation_id']}/messages", {"text": "Peace? I hate the word."}
    )
    body = {"conversation_id": room["conversation_id"], "seq": said["seq"], "reason": "abuse"}
    assert await street.romeo.is_refused("POST", "/reports", body) == "not_a_member"
    assert await street.tybalt.is_refused("POST", "/reports", body) == "bad_request"
    for body in (
        {"reason": "spam"},
        {"reason": "spam", "user_id": street.romeo.user_id},
        {"reason": "spam", "user_id": street.tybalt.user_id, "conversation_id": street.conversation_id, "seq": 1},
    ):
        assert await street.romeo.is_refused("POST", "/reports", body) == "bad_request"
    gone = {"reason": "spam", "conversation_id": street.conversation_id, "seq": 999}
    assert await street.romeo.is_refused("POST", "/reports", gone) == "message_not_found"
    await street.romeo.does("POST", "/reports", {"reason": "spam", "user_id": street.tybalt.user_id})
    assert await street.romeo.is_refused("GET", "/reports") == "forbidden"


async def test_a_word_is_refused_everywhere_it_could_come_in(street: Street) -> None:
    before = await street.romeo.does("POST", f"{street.path}/messages", {"text": "Good morrow."})
    await street.filtered("villain", "refuse")
    assert (
        await street.romeo.is_refused("POST", f"{street.path}/messages", {"text": "V i l l a i n!"}) == "words_refused"
    )
    edit = {"text": "ＶＩＬＬＡＩＮ"}
    assert await street.romeo.is_refused("PATCH", f"{street.path}/messages/{before['seq']}", edit) == "words_refused"
    due = {
        "conversation_id": street.conversation_id,
        "text": "villain",
        "due_ms": street.site.deps.clock.now_ms() + 150,
    }
    await street.romeo.does("POST", "/scheduled", due)
    async with asyncio.timeout(10):
        while not (rows := [one for one in (await street.romeo.gets("/scheduled"))["scheduled"] if one["error"]]):
            await asyncio.sleep(0.02)
            await street.site.chat.scheduler.send_due()
    assert rows[0]["error"] == "words_refused"
    assert await street.texts() == ["Good morrow."]


async def test_a_retry_of_what_is_stored_is_accepted_whatever_the_filters_say_now(street: Street) -> None:
    body = {"text": "villain", "client_id": new_id()}
    first = await street.romeo.does("POST", f"{street.path}/messages", body)
    await street.filtered("villain", "refuse")
    again = await street.romeo.does("POST", f"{street.path}/messages", body)
    assert (again["seq"], again["repeated"]) == (first["seq"], True)


async def test_a_masked_word_is_stored_masked_and_its_retry_is_known(street: Street) -> None:
    filter_id = await street.filtered("坏蛋", "mask")
    body = {"text": "你这个坏 蛋", "client_id": new_id()}
    first = await street.romeo.does("POST", f"{street.path}/messages", body)
    assert await street.texts() == ["你这个* *"]
    assert (await street.romeo.does("POST", f"{street.path}/messages", body))["seq"] == first["seq"]
    await street.friar.does("DELETE", f"/filters/{filter_id}")
    await street.romeo.does("PATCH", f"{street.path}/messages/{first['seq']}", {"text": "坏蛋"})
    assert await street.texts() == ["坏蛋"]


async def test_a_held_message_is_sent_once_a_moderator_lets_it_through(street: Street) -> None:
    await street.filtered("plague*", "hold")
    body = {"text": "A plague o' both your houses!", "client_id": new_id()}
    for _ in range(2):
        assert await street.romeo.is_refused("POST", f"{street.path}/messages", body) == "held_for_review"
    assert await street.texts() == []
    (held,) = (await street.friar.gets("/held"))["held"]
    assert (held["user_id"], held["text"]) == (street.romeo.user_id, body["text"])
    assert await street.romeo.is_refused("GET", "/held") == "forbidden"
    await street.friar.does("POST", f"/held/{held['held_id']}", {"accept": True})
    assert await street.texts() == [body["text"]]
    assert (await street.romeo.does("POST", f"{street.path}/messages", body))["repeated"]
    assert await street.friar.is_refused("POST", f"/held/{held['held_id']}", {"accept": False}) == "not_found"
    assert (await street.friar.gets("/held"))["held"] == []


async def test_a_declined_message_is_refused_for_good(street: Street) -> None:
    await street.filtered("plague*", "hold")
    body = {"text": "plagues", "client_id": new_id()}
    await street.romeo.is_refused("POST", f"{street.path}/messages", body)
    (held,) = (await street.friar.gets("/held"))["held"]
    await street.friar.does("POST", f"/held/{held['held_id']}", {"accept": False})
    assert await street.romeo.is_refused("POST", f"{street.path}/messages", body) == "words_refused"
    (declined,) = (await street.friar.gets("/held", state="declined"))["held"]
    assert declined["text"] == ""
    assert await street.texts() == []


async def test_a_held_message_of_somebody_who_left_is_not_sent(street: Street) -> None:
    await street.filtered("plague*", "hold")
    await street.tybalt.is_refused("POST", f"{street.path}/messages", {"text": "plague"})
    await street.tybalt.does("POST", f"{street.path}/leave")
    (held,) = (await street.friar.gets("/held"))["held"]
    await street.friar.does("POST", f"/held/{held['held_id']}", {"accept": True})
    (failed,) = (await street.friar.gets("/held", state="failed"))["held"]
    assert failed["error"] == "not_a_member"


async def test_what_is_said_in_private_is_refused_and_never_held(street: Street) -> None:
    await street.filtered("plague*", "hold")
    room = await street.romeo.does("POST", "/conversations", {"kind": "group", "title": "Orchard"})
    path = f"/conversations/{room['conversation_id']}/messages"
    assert await street.romeo.is_refused("POST", path, {"text": "plague"}) == "words_refused"
    assert (await street.friar.gets("/held"))["held"] == []


async def test_who_may_not_speak_is_told_so_and_holds_nothing_up(street: Street) -> None:
    await street.filtered("plague*", "hold")
    stranger = await street.site.enter("paris")
    refused = await stranger.is_refused("POST", f"{street.path}/messages", {"text": "plague"})
    assert refused == "not_a_member"
    assert (await street.friar.gets("/held"))["held"] == []


async def test_filters_are_listed_changed_and_tried(street: Street) -> None:
    filter_id = await street.filtered("villain", "mask")
    judged: dict[str, Any] = await street.friar.does("POST", "/filters/try", {"text": "a v-i-l-l-a-i-n"})
    assert (judged["action"], judged["text"]) == ("mask", "a *************")
    await street.friar.does("PUT", f"/filters/{filter_id}", {"pattern": "knave", "action": "refuse"})
    (made,) = (await street.friar.gets("/filters"))["filters"]
    assert (made["pattern"], made["action"], made["created_by"]) == ("knave", "refuse", street.friar.user_id)
    assert (await street.friar.does("POST", "/filters/try", {"text": "villain"}))["action"] == ""
    assert (
        await street.friar.is_refused("PUT", f"/filters/{new_id()}", {"pattern": "x", "action": "mask"}) == "not_found"
    )
    assert await street.friar.is_refused("POST", "/filters", {"pattern": "...", "action": "mask"}) == "bad_request"
    assert await street.romeo.is_refused("POST", "/filters", {"pattern": "x", "action": "mask"}) == "forbidden"
