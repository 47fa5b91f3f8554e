"""A chat client written from `spec/protocol.md` alone, for one thread and blocking sockets.

It follows the rules by their numbers: names its commands and sends them again (6), shows a conversation once and in
order from pushes and pages (8), resumes with what it holds (9), and folds edits and recalls (10).
"""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from e2e.stranger_wire import Frame, Gone, TcpWire, WebSocketWire, Wire


class Address:
    """Where a server is."""

    def __init__(self, http_address: str, tcp_address: str) -> None:
        self.http = _split(http_address)
        self.tcp = _split(tcp_address)

    def call(self, method: str, path: str, body: Any, *, form: bool = False, token: str = "") -> tuple[int, Any]:
        """Make one HTTP request; return the status and the JSON of the answer."""
        connection = http.client.HTTPConnection(*self.http, timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, urlencode(body) if form else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition("://")[2].rstrip("/").rpartition(":")
    return host, int(port)


class Line:
    """A message as this client shows it."""

    def __init__(self, seq: int, sender_id: str, text: str) -> None:
        self.seq = seq
        self.sender_id = sender_id
        self.text = text
        self.edited = False
        self.recalled = False

    def __str__(self) -> str:
        return "(recalled)" if self.recalled else self.text + (" (edited)" if self.edited else "")


class Counts:
    """What is unread in one conversation, folded from entries (14.5)."""

    def __init__(self, row: Frame, me: str) -> None:
        self.me = me
        self.as_of, self.read = int(row.get("asOf", 0)), int(row.get("readSeq", 0))
        self.unread, self.mentions = int(row.get("unread", 0)), int(row.get("mentions", 0))

    def fold(self, entry: Frame) -> None:
        """Apply an entry, unless the state these counts came with had it in it."""
        if int(entry["seq"]) <= self.as_of:
            return
        self.as_of = int(entry["seq"])
        if "message" in entry and entry.get("senderId") != self.me:
            message = entry["message"]
            self.unread += not message.get("threadSeq") or bool(message.get("alsoInConversation"))
            self.mentions += self._meant(message, "mentions", "mentionAll")
        for kind in ("edit", "recall"):
            change = entry.get(kind)
            if change is None or int(change["targetSeq"]) <= self.read or change.get("targetSenderId") == self.me:
                continue
            if kind == "edit":
                self.mentions += self._meant(change, "mentions", "mentionAll")
                self.mentions -= self._meant(change, "previousMentions", "previousMentionAll")
            else:
                self.unread -= bool(change.get("targetCounts"))
                self.mentions -= self._meant(change, "targetMentions", "targetMentionAll")

    def _meant(self, values: Frame, names: str, everybody: str) -> bool:
        return bool(values.get(everybody)) or self.me in values.get(names, [])


class Stranger:
    """One person on one device."""

    def __init__(self, server: Address, name: str, *, transport: str) -> None:
        self.server = server
        self.name = name
        self.transport = transport
        self.device_id = uuid.uuid4().hex
        self.password = f"{name} has a long password"
        self.token = self.refresh_token = self.user_id = ""
        self.epoch = ""
        self.user_version = 0
        self.conversations: dict[str, Frame] = {}
        self.seen: dict[str, int] = defaultdict(int)
        self.lines: dict[str, dict[int, Line]] = defaultdict(dict)
        self.counts: dict[str, Counts] = {}
        self.received: list[tuple[str, int]] = []
        """(conversation, seq) of every entry that came over the wire, repetitions included."""
        self._held: dict[str, list[Frame]] = defaultdict(list)
        self._asked: set[str] = set()
        self._wire: Wire | None = None
        self._last_id = 0
        self._answers: dict[int, Frame] = {}
        self._waiting: dict[int, str] = {}
        self._ready = False

    # ------------------------------------------------------------ accounts (2)

    def register(self) -> None:
        status, account = self.server.call(
            "POST", "/api/v1/accounts", {"username": self.name, "password": self.password}
        )
        assert status == 201, account
        self.user_id = account["user_id"]

    def log_in(self) -> None:
        self._get_token(grant_type="password", username=self.name, password=self.password, device_id=self.device_id)

    def refresh(self) -> None:
        self._get_token(grant_type="refresh_token", refresh_token=self.refresh_token)

    def _get_token(self, **form: str) -> None:
        status, tokens = self.server.call("POST", "/oauth/token", form, form=True)
        assert status == 200, tokens
        self.refresh_token = tokens["refresh_token"]
        self.token = tokens["access_token"]

    # ------------------------------------------------------------ the session (4, 9)

    def connect(self) -> None:
        """Open a session and return when it is ready; resume if anything is held."""
        self.drop()
        self._wire = TcpWire(*self.server.tcp) if self.transport == "tcp" else WebSocketWire(*self.server.http)
        self._ready = False
        self._answers.clear()
        self._waiting.clear()
        self._asked.clear()
        hello: Frame = {"protocol": 1, "token": self.token, "client": "stranger/1"}
        if self.epoch:
            have = [{"conversationId": key, "seq": seq} for key, seq in self.seen.items()]
            hello["resume"] = {"epoch": self.epoch, "userVersion": self.user_version, "have": have}
        welcome = self.request(hello=hello)["welcome"]
        assert self.user_id in ("", welcome["userId"])
        self.user_id = welcome["userId"]
        if not self.epoch:
            self._begin(welcome)
        self.wait_until(lambda: self._ready)
        if not self.epoch:
            self._begin(welcome)

    def drop(self) -> None:
        """Lose the connection."""
        if self._wire is not None:
            self._wire.drop()
            self._wire = None

    def log_out(self) -> None:
        assert "done" in self.request(logout={})

    # ------------------------------------------------------------ talking

    def request(self, **body: Frame) -> Frame:
        """Send one request and return its answer, taking the pushes that come before it."""
        return self.answer_to(self.send_request(**body))

    def send_request(self, **body: Frame) -> int:
        """Send one request without waiting; return its id."""
        self._last_id += 1
        self._waiting[self._last_id] = next(iter(body))
        self.wire.send({"id": self._last_id, **body})
        return self._last_id

    def answer_to(self, request_id: int) -> Frame:
        self.wait_until(lambda: request_id in self._answers)
        return self._answers.pop(request_id)

    def open_direct(self, user_id: str) -> str:
        state = self.request(openDirect={"userId": user_id})["conversation"]
        self._take_row(state)
        return str(state["conversationId"])

    def create_group(self, title: str, user_ids: list[str]) -> str:
        kind: int | str = 2 if self.transport == "tcp" else "CONVERSATION_KIND_GROUP"
        body = {"clientId": uuid.uuid4().hex, "kind": kind, "title": title, "userIds": user_ids}
        return str(self.request(createConversation=body)["conversation"]["conversationId"])

    def submit(self, conversation_id: str, *, client_id: str = "", after: str = "", **action: Frame) -> Frame:
        """Submit one command until the outcome is known (6.2), over lost connections too."""
        command = {"conversationId": conversation_id, "clientId": client_id or uuid.uuid4().hex, **action}
        if after:
            command["after"] = after
        while True:
            try:
                outcome: Frame = self.request(submit=command)["submitted"]
            except Gone:
                self.connect()
                continue
            assert outcome["clientId"] == command["clientId"]
            if outcome["status"] != "SUBMIT_STATUS_UNKNOWN":
                return outcome

    def say(self, conversation_id: str, text: str, *, client_id: str = "", after: str = "") -> int:
        """Send a message; return the seq it got."""
        outcome = self.submit(conversation_id, client_id=client_id, after=after, message=_message(text))
        assert outcome["status"] == "SUBMIT_STATUS_ACCEPTED", outcome
        return int(outcome["seq"])

    def hears(self, conversation_id: str, count: int) -> list[str]:
        """Wait until that many messages are shown, and return them."""
        self.wait_until(lambda: len(self.lines[conversation_id]) >= count)
        return [str(self.lines[conversation_id][seq]) for seq in sorted(self.lines[conversation_id])]

    @property
    def wire(self) -> Wire:
        if self._wire is None:
            raise Gone
        return self._wire

    def wait_until(self, done: Callable[[], bool], timeout_s: float = 15.0) -> None:
        """Take frames until `done`."""
        deadline = time.monotonic() + timeout_s
        while not done():
            left = deadline - time.monotonic()
            assert left > 0, f"{self.name} waited for nothing"
            try:
                self._take(self.wire.receive(left))
            except TimeoutError:
                continue

    def listen(self, seconds: float) -> None:
        """Take whatever comes for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self._take(self.wire.receive(left))
            except TimeoutError:
                return

    # ------------------------------------------------------------ what comes

    def _take(self, frame: Frame) -> None:
        reply_to = int(frame.get("replyTo", 0))
        if "ping" in frame:
            self.wire.send({"pong": frame["ping"]})
        elif "ready" in frame:
            self._ready = True
        elif "reset" in frame:
            self._forget()
        elif "entries" in frame:
            self._take_page(frame["entries"])
        elif "entryPage" in frame and self._waiting.get(reply_to) == "getEntries" and reply_to not in self._answers:
            self._asked.discard(frame["entryPage"]["conversationId"])
            self._take_page(frame["entryPage"])
            self._answers[reply_to] = frame
        elif "userChanged" in frame:
            self._take_state(frame["userChanged"])
        elif "userState" in frame:
            state = frame["userState"]
            self._take_state(state)
            if state.get("more"):
                self.send_request(getUserState={"sinceVersion": int(state["version"])})
            self._answers[reply_to] = frame
        elif "heads" in frame:
            for head in frame["heads"].get("heads", []):
                if int(head["seq"]) > self.seen[head["conversationId"]]:
                    self.ask(head["conversationId"])
        elif "error" in frame and reply_to not in self._waiting:
            self.last_error = frame["error"]["code"]
        elif reply_to:
            self._answers[reply_to] = frame
        # 19.3: whatever else is pushed is ignored.

    def _begin(self, welcome: Frame) -> None:
        """9.8: nothing was held, or nothing of it holds any more, so this is where holding begins."""
        self.epoch = welcome["epoch"]
        self.user_version = int(welcome.get("userVersion", 0))

    def _forget(self) -> None:
        """9.6: what is held belongs to another history."""
        self.epoch = ""
        self.user_version = 0
        for held in (self.seen, self.lines, self._held, self.conversations, self.counts):
            held.clear()

    def _take_state(self, state: Frame) -> None:
        """11.3: rows replace rows; a version that does not follow is asked for."""
        since, version = int(state.get("sinceVersion", 0)), int(state.get("version", 0))
        if version <= self.user_version:
            return
        if since > self.user_version:
            self.send_request(getUserState={"sinceVersion": self.user_version})
            return
        for row in state.get("conversations", []):
            self._take_row(row)
        self.user_version = version

    def _take_row(self, row: Frame) -> None:
        known = self.conversations.get(row["conversationId"])
        if known is None or int(row.get("version", 0)) >= int(known.get("version", 0)):
            self.conversations[row["conversationId"]] = row
            self.counts[row["conversationId"]] = Counts(row, self.user_id)

    def _take_page(self, page: Frame) -> None:
        """8.3: show each entry once and in order; ask for what is missing."""
        key = page["conversationId"]
        low, high = int(page.get("fromSeq", 0)), int(page.get("toSeq", 0))
        self.received += [(key, int(entry["seq"])) for entry in page.get("entries", [])]
        if page.get("reset"):
            self.seen[key] = high
            self._load_history(key)
            return
        if high <= self.seen[key]:
            return
        if low > self.seen[key] + 1:
            self._held[key].append(page)
            self.ask(key)
            return
        for entry in page.get("entries", []):
            if int(entry["seq"]) > self.seen[key]:
                self._fold(key, entry)
        self.seen[key] = high
        held, self._held[key] = self._held[key], []
        for later in sorted(held, key=lambda one: int(one["fromSeq"])):
            self._take_page(later)
        if high < int(page.get("asOf", 0)) and not self._held[key]:
            self.ask(key)

    def ask(self, key: str) -> None:
        """Ask for what is missing, unless that is under way (8.3)."""
        if key not in self._asked:
            self._asked.add(key)
            self.send_request(getEntries={"conversationId": key, "afterSeq": self.seen[key]})

    def _load_history(self, key: str) -> None:
        page = self.request(getHistory={"conversationId": key})["historyPage"]
        self.lines[key].clear()
        for item in page.get("items", []):
            if "message" in item:
                state = item["message"]
                line = Line(int(state["seq"]), state.get("senderId", ""), _text(state["message"]))
                line.edited, line.recalled = bool(state.get("edits")), bool(state.get("recalled"))
                self.lines[key][line.seq] = line

    def _fold(self, key: str, entry: Frame) -> None:
        """10.7: apply one entry to what is shown."""
        seq = int(entry["seq"])
        if key in self.counts:
            self.counts[key].fold(entry)
        lines = self.lines[key]
        if "message" in entry:
            assert seq not in lines
            lines[seq] = Line(seq, entry.get("senderId", ""), _text(entry["message"]))
            lines[seq].recalled = bool(entry["message"].get("withdrawn"))
        elif "edit" in entry:
            line = lines.get(int(entry["edit"]["targetSeq"]))
            if line is not None:
                line.text, line.edited = _text(entry["edit"]), True
        elif "recall" in entry:
            line = lines.get(int(entry["recall"]["targetSeq"]))
            if line is not None:
                line.recalled = True


def _message(text: str) -> Frame:
    return {"body": {"text": {"text": text}}}


def _text(message: Frame) -> str:
    body = message.get("body", {})
    if "text" in body:
        return str(body["text"].get("text", ""))
    # 19.5: content this client does not know is shown by its fallback.
    return str(body.get("fallback") or "")
