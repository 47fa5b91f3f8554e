"""What there is to look at: people with short, long and Chinese names, talk of every kind, work for moderators."""

from __future__ import annotations

import base64
import json
import time
import urllib.request
from typing import Any

from browser.people import PASSWORD
from browser.views.walk import Walk

__all__ = ["CROWD", "furnish"]

CROWD = {
    "mira": "Mira Okafor",
    "xiaoyu": "林晓雨",
    "long": "Wolfeschlegelsteinhausenbergerdorff von und zu Immerwährendheim",
    "asker": "Paris",
}

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAIAAABxZ0isAAAAEklEQVR42mNgaPiPFTEMQgkAz2tH4c3vPb4AAAAASUVORK5CYII="
)

RICH = """\
A **bold** word, `code`, a [link](https://verona.example), @prince and https://verona.example/a/very/long/address/\
that/goes/on/and/on/without/a/single/space/in/it?so=that&it=must&be=broken#somewhere

> a quote, 还有一句中文，没有空格也必须能够在狭窄的屏幕上正确换行显示出来

| a | table |
|---|---|
| with | two columns |

- [x] done
- [ ] to do

```python
def send(text: str, *, to: str) -> None:  # a line of code that is longer than the screen of any phone
    print(text, to)
```"""


def furnish(walk: Walk) -> None:
    """Set the place up and fill it; ids go to `walk.made`."""
    place, made = walk.place, walk.made
    place.set_up("Verona")
    for username, name in CROWD.items():
        found = place.post("/api/v1/accounts", {"username": username, "password": PASSWORD, "display_name": name})
        made[username] = found["user_id"]
    made["prince"] = walk.ask("prince", "GET", "/me")["user_id"]
    listed = walk.ask("prince", "GET", "/conversations")["conversations"]
    made["general"] = next(one["conversation_id"] for one in listed if one["title"] == "general")
    _talk(walk, made["general"])
    _people(walk)
    _work(walk)


def _say(walk: Walk, name: str, where: str, text: str, **more: Any) -> int:
    path = f"/conversations/{where}/messages"
    return int(walk.ask(name, "POST", path, {"text": text, **more})["seq"])


def _talk(walk: Walk, general: str) -> None:
    made = walk.made
    _say(walk, "mira", general, "Good morrow, cousin")
    rich = _say(walk, "mira", general, RICH)
    asked = _say(walk, "xiaoyu", general, "明天的演示我来准备，你负责开场？", reply_to_seq=rich)
    _say(walk, "prince", general, "On it", thread_seq=asked)
    _say(walk, "long", general, "With all my names", thread_seq=asked)
    spoken = _say(walk, "prince", general, "My answer")
    walk.ask("prince", "PATCH", f"/conversations/{general}/messages/{spoken}", {"text": "My better answer"})
    walk.ask("prince", "PUT", f"/conversations/{general}/messages/{asked}/pin")
    for name, emoji in (("mira", "🎉"), ("long", "🎉"), ("prince", "👀")):
        walk.ask(name, "PUT", f"/conversations/{general}/messages/{asked}/reactions/{emoji_of(emoji)}")
    gone = _say(walk, "mira", general, "Not meant for here")
    walk.ask("mira", "DELETE", f"/conversations/{general}/messages/{gone}")
    _say(walk, "long", general, "Picture", files=[_upload(walk, "long")])
    made["thread"] = str(asked)
    group = {
        "kind": "group",
        "title": "The balcony where everybody meets who has far too much to say",
        "topic": "Night",
    }
    made["group"] = walk.ask("prince", "POST", "/conversations", group)["conversation_id"]
    walk.ask(
        "prince",
        "POST",
        f"/conversations/{made['group']}/members",
        {"user_ids": [made[name] for name in CROWD]},
    )
    _say(walk, "long", made["group"], "@prince 你好，世界！", mentions=[made["prince"]])
    walk.ask("prince", "PATCH", f"/conversations/{made['group']}", {"announcement": "Meet at nine, and bring a lamp"})
    in_an_hour = int(time.time() * 1000) + 3_600_000
    reminder = {"due_ms": in_an_hour, "note": "Bring it along"}
    walk.ask("prince", "PUT", f"/me/reminders/{general}/{rich}", reminder)
    walk.ask("prince", "POST", "/scheduled", {"conversation_id": general, "text": "Good evening", "due_ms": in_an_hour})


def emoji_of(text: str) -> str:
    """Return an emoji as it stands in an address."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _upload(walk: Walk, name: str) -> str:
    """Send a small picture; return its id."""
    headers = {"authorization": f"Bearer {walk.made[f'token of {name}']}", "content-type": "image/png"}
    address = f"{walk.place.address}/api/v1/files?name=balcony.png"
    request = urllib.request.Request(address, PICTURE, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.loads(answer.read())["file_id"])


def _people(walk: Walk) -> None:
    made = walk.made
    walk.ask("asker", "POST", f"/me/contacts/{made['prince']}", {"note": "A word with you?"})
    walk.ask("prince", "POST", f"/me/contacts/{made['mira']}", {})
    walk.ask("mira", "POST", f"/me/contacts/{made['prince']}/answer", {"accept": True})


def _work(walk: Walk) -> None:
    """Leave something on every page of the console."""
    made = walk.made
    walk.ask("mira", "POST", "/reports", {"user_id": made["long"], "reason": "spam", "note": "He sighs all day"})
    walk.ask("prince", "POST", "/filters", {"pattern": "plague*", "action": "hold"})
    walk.ask("prince", "PUT", "/config/auth.password_min_chars", {"value": 10})
    walk.ask("prince", "POST", "/clients", {"name": "Wiki", "redirect_uris": ["https://wiki.example/cb"]})
    held = {"name": "Capulet v. Montague", "reason": "The feud", "user_ids": [made["long"]]}
    walk.ask("prince", "POST", "/holds", held)
    walk.ask("prince", "PUT", f"/conversations/{made['group']}/bans/{made['asker']}")
    walk.ask("prince", "POST", "/registration/codes", {"uses": 3, "note": "For the Montagues"})
    walk.ask("prince", "POST", "/roles", {"name": "Archivist", "permissions": ["audit.read"]})
