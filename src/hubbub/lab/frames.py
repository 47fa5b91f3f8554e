"""Write raw frames into a history: the only place where the laboratory reads the wire schema.

A recorder sits beside one device's socket and is shown every frame that leaves and every frame that arrives, in that
order and before anybody else, so nothing a client program repairs can hide what the server did.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from hubbub.lab.columns import ACCEPTED, ANY_CONTENT, REJECTED, UNKNOWN, Fact, StateSeen, value_of
from hubbub.lab.history import History, Observer
from hubbub.wire import hubbub_pb2 as pb

_STATUS = {
    pb.SUBMIT_STATUS_ACCEPTED: ACCEPTED,
    pb.SUBMIT_STATUS_REJECTED: REJECTED,
    pb.SUBMIT_STATUS_UNKNOWN: UNKNOWN,
}
_OUTCOME_OPEN = frozenset({"unknown_outcome", "internal_error", "timeout"})


def text_digest(text: str) -> int:
    """Return the digest of a message that is nothing but text."""
    data = text.encode("utf-8", "surrogatepass")
    return crc32(data) | (len(data) + 1) << 32


def message_digest(message: pb.Message) -> int:
    """Return the digest of what a sender says in a message; what the server adds does not change it."""
    if message.withdrawn:
        return ANY_CONTENT
    body = message.body
    if body.WhichOneof("content") == "custom":
        plain = value_of(f"{body.custom.type}\0{body.custom.json}")
    else:
        plain = text_digest(body.text.text)
    if not (message.reply_to_seq or message.thread_seq or message.mentions or message.mention_all):
        return plain
    return value_of(
        f"{plain} {message.reply_to_seq} {message.thread_seq} {message.also_in_conversation} "
        f"{sorted(set(message.mentions))} {message.mention_all}"
    )


def action_digest(kind: str, action: object) -> int:
    """Return the digest of any action, as submitted and as it stands in its entry."""
    match action:
        case pb.Message():
            return message_digest(action)
        case pb.Edit():
            if action.withdrawn:
                return ANY_CONTENT
            said = pb.Message(body=action.body, mentions=action.mentions, mention_all=action.mention_all)
            return value_of(f"edit {action.target_seq} {message_digest(said)}")
        case pb.Recall():
            return value_of(f"recall {action.target_seq}")
        case pb.Reaction():
            return value_of(f"reaction {action.target_seq} {action.emoji} {action.set}")
        case pb.Pin():
            return value_of(f"pin {action.target_seq} {action.set}")
    # Membership and settings are normalised by the server (people who are in already fall away): the kind must do.
    return value_of("dissolved" if kind == "dissolve" else kind)


def fact_of(entry: pb.Entry, kind: str) -> Fact | None:
    """Return what an entry says beyond "a plain message"; None for a plain message."""
    if kind == "message":
        message = entry.message
        if not (message.thread_seq or message.mentions or message.mention_all or message.withdrawn):
            return None
        return Fact(
            "message",
            counts=message.thread_seq == 0 or message.also_in_conversation,
            mentions=tuple(message.mentions),
            mention_all=message.mention_all,
            withdrawn=message.withdrawn,
        )
    if kind == "edit":
        edit = entry.edit
        return Fact(
            "edit",
            target=edit.target_seq,
            mentions=tuple(edit.mentions),
            mention_all=edit.mention_all,
            withdrawn=edit.withdrawn,
        )
    if kind == "recall":
        return Fact("recall", target=entry.recall.target_seq)
    if kind == "member_change":
        change = entry.member_change
        return Fact("member", action=int(change.action), user_ids=tuple(change.user_ids))
    if kind == "conversation_change":
        settings = entry.conversation_change
        newcomers = settings.history_for_newcomers if settings.HasField("history_for_newcomers") else None
        return Fact("change", history_for_newcomers=newcomers)
    if kind == "created":
        created = entry.created
        return Fact("created", conversation_kind=int(created.kind), user_ids=tuple(created.user_ids))
    return Fact("other")


class FrameRecorder:
    """Beside one device's socket."""

    def __init__(self, history: History, user: str, device: str = "") -> None:
        self.observer: Observer = history.observer(user, device)
        self._history = history
        self._user = user
        self._open: dict[int, Callable[[pb.ServerFrame], None]] = {}

    def closed(self) -> None:
        """The connection is gone; what was not answered stays open."""
        self._open.clear()
        self.observer.disconnected()

    # -------------------------------------------------------------- out

    def sent(self, frame: pb.ClientFrame) -> None:
        """A frame is about to leave."""
        kind = frame.WhichOneof("body")
        if kind == "submit":
            self._submitted(frame.id, frame.submit)
        elif kind == "hello":
            self._open.clear()
            self.observer.connected({head.conversation_id: head.seq for head in frame.hello.resume.have})
        elif kind == "schedule":
            self._submitted(0, frame.schedule.submit)
        elif kind == "leave_conversation":
            leave = frame.leave_conversation
            row = self.observer.submitted(leave.conversation_id, leave.client_id, ANY_CONTENT)
            self._open[frame.id] = lambda answer: self._left(row, answer)
        elif kind == "create_conversation":
            asked = frame.create_conversation
            self._open[frame.id] = lambda answer: self._created(asked, answer)
        elif kind == "set_mark":
            mark = frame.set_mark
            self._open[frame.id] = lambda answer: self._marked(mark, answer)
        elif kind == "hide_message":
            hide = frame.hide_message
            self.observer.covered(hide.conversation_id, hide.seq, hide.seq)
        elif kind == "get_history" and frame.get_history.thread_seq:
            self._open[frame.id] = lambda answer: self._history_page(answer.history_page, whole=False)

    def _submitted(self, request: int, submit: pb.Submit) -> None:
        kind = submit.WhichOneof("action") or ""
        digest = action_digest(kind, getattr(submit, kind)) if kind else ANY_CONTENT
        row = self.observer.submitted(submit.conversation_id, submit.client_id, digest, submit.after)
        if request:
            self._open[request] = lambda answer: self._answered(row, answer)

    # -------------------------------------------------------------- answers

    def _answered(self, row: int, answer: pb.ServerFrame) -> None:
        if answer.HasField("submitted"):
            said = answer.submitted
            self.observer.answered(row, _STATUS.get(said.status, UNKNOWN), said.seq, repeated=said.repeated)
        else:
            open_still = answer.error.code in _OUTCOME_OPEN
            self.observer.answered(row, UNKNOWN if open_still else REJECTED)

    def _left(self, row: int, answer: pb.ServerFrame) -> None:
        if answer.HasField("error") and answer.error.code not in _OUTCOME_OPEN:
            self.observer.answered(row, REJECTED)

    def _created(self, asked: pb.CreateConversation, answer: pb.ServerFrame) -> None:
        if answer.HasField("conversation"):
            log = self._history.log(answer.conversation.conversation_id)
            log.watched = True
            log.open_history = asked.history_for_newcomers

    def _marked(self, mark: pb.SetMark, answer: pb.ServerFrame) -> None:
        if answer.HasField("done"):
            self.observer.marked(mark.conversation_id, mark.read_seq)

    # -------------------------------------------------------------- in

    def received(self, frame: pb.ServerFrame) -> None:
        """A frame arrived."""
        kind = frame.WhichOneof("body")
        if kind == "entries":
            self._entries(frame.entries, pushed=True)
            return
        if frame.reply_to:
            settle = self._open.pop(frame.reply_to, None)
            if settle is not None:
                settle(frame)
        if kind == "entry_page":
            self._entries(frame.entry_page, pushed=False)
        elif kind == "history_page":
            self._history_page(frame.history_page)
        elif kind == "conversation":
            self.state(frame.conversation)
        elif kind == "conversation_page":
            for state in frame.conversation_page.conversations:
                self.state(state)
        elif kind == "user_state" or kind == "user_changed":
            for state in (frame.user_state if kind == "user_state" else frame.user_changed).conversations:
                self.state(state)
        elif kind == "reset":
            self.observer.resets += 1
            for view in self.observer.views.values():
                view.joined = False  # the states that follow say anew from where on entries are owed

    def _entries(self, page: pb.EntryPage, *, pushed: bool) -> None:
        # The range a page covers is not taken as seen: what it leaves out must be outside the cut, or hidden.
        if page.reset:
            self.observer.reset(page.conversation_id, page.from_seq - 1 if page.entries else page.as_of)
        for entry in page.entries:
            self.entry(entry, pushed=pushed)

    def entry(self, entry: pb.Entry, *, pushed: bool) -> None:
        """One entry, as it stands in the log."""
        kind = entry.WhichOneof("kind") or ""
        self.observer.saw(
            entry.conversation_id,
            entry.seq,
            entry.sender_id,
            entry.client_id,
            action_digest(kind, getattr(entry, kind)) if kind else ANY_CONTENT,
            entry.time_ms,
            fact_of(entry, kind),
            pushed=pushed,
        )

    def _history_page(self, page: pb.HistoryPage, *, whole: bool = True) -> None:
        for item in page.items:
            if item.WhichOneof("item") == "entry":
                self.entry(item.entry, pushed=False)
        if whole and page.to_seq:
            self.observer.covered(page.conversation_id, page.from_seq, page.to_seq)

    def state(self, state: pb.ConversationState) -> None:
        """One conversation, as this person is told it stands."""
        self.observer.told(
            StateSeen(
                user=self._user,
                conversation=state.conversation_id,
                version=state.version,
                as_of=state.as_of,
                kind=int(state.kind),
                joined=state.state == pb.MEMBER_STATE_JOINED,
                intervals=tuple((interval.from_seq, interval.to_seq) for interval in state.intervals),
                read_seq=state.read_seq,
                delivered_seq=state.delivered_seq,
                unread=state.unread,
                mentions=state.mentions,
            )
        )
