"""The bus of a process in a cluster: events, signals and calls over one connection to a bus server.

Whatever server carries it, the same things are done here: events are packed and addressed, messages signed and
numbered, what arrives is checked and cut down to what concerns each feed, and whoever listens is told when something
may be missing.  What a process publishes reaches its own feeds directly and first, so one that both writes and serves
goes on doing so while the bus is away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.loops import Loop
from hubbub.bus.calls import Peer
from hubbub.bus.carried_calls import CarriedCalls
from hubbub.bus.carrier import BusAway, Carrier
from hubbub.bus.cluster_feed import ClusterFeed
from hubbub.bus.cluster_signals import ClusterSignals
from hubbub.bus.codec import decode_message, unpack
from hubbub.bus.envelope import Opener, Sealer, Sender
from hubbub.bus.identity import BusIdentity
from hubbub.bus.local import Handler, LocalBus
from hubbub.bus.packing import Packer
from hubbub.bus.stats import BusStats
from hubbub.bus.subjects import EVENTS, TALLY, Subjects, answer_subject, kind_of
from hubbub.bus.subscriptions import Subscriptions
from hubbub.bus.tally import EVERY_S, FOLLOWED_S, Tally
from hubbub.chat.ports import Event, TypingChanged

_log = logging.getLogger(__name__)

FLUSH_S = 2.0
"""A server that does not answer within this is not there."""
HOLES_S = 0.25
"""Holes within this are one: whoever hears of it compares everything anyway."""
EPOCHS_S = 1.0
"""Another log is reported at most this often."""


_tallies = msgspec.msgpack.Decoder(dict[str, int])


class ClusterBus:
    """`chat.ports.Bus` over a carrier, with its feeds; `signals` and `calls` are the other two ports."""

    def __init__(
        self,
        carrier: Callable[[ClusterBus], Carrier],
        *,
        identity: BusIdentity,
        buckets: int,
        clock: Clock,
        on_epoch: Callable[[str], None] | None = None,
        flush_s: float = FLUSH_S,
    ) -> None:
        """`on_epoch` gets the epoch of a message from another log, verified: read one's own anew and compare."""
        self.stats = BusStats()
        self._clock = clock
        self._flush_s = flush_s
        self._subjects = Subjects(buckets)
        self._packer = Packer(self._subjects)
        self._local = LocalBus()
        self._hole_due: asyncio.TimerHandle | asyncio.Handle | None = None
        self._hole_at = -HOLES_S
        self._on_epoch = on_epoch
        self._epoch_at = -EPOCHS_S
        self._carrier = carrier(self)
        self._subscriptions = Subscriptions(
            self._carrier, self.stats, flush_s, lambda subject: self._opener.forget(subject), clock.monotonic
        )
        self._telling = Loop("bus tally", self._tell, every_s=EVERY_S)
        self.signals = ClusterSignals(self, self._subscriptions)
        self.calls = CarriedCalls(self, self._subscriptions, Peer(identity.node_id, identity.incarnation), clock)
        self._be(identity)
        self._subscriptions.want([TALLY])

    def _be(self, identity: BusIdentity) -> None:
        self.identity = identity
        self._sealer = Sealer(identity)
        self._tally = Tally()
        self._opener = Opener(identity, self.stats, on_jump=self._jumped, on_epoch=self._other_epoch)
        self._answers = answer_subject(identity.incarnation)
        self._subscriptions.want([self._answers])

    @property
    def connected(self) -> bool:
        return self._carrier.connected

    async def new_incarnation(self, incarnation: str) -> None:
        """Go on under another name, because this one was declared dead; what is served is served anew by its owner."""
        old = self._answers
        self._be(msgspec.structs.replace(self.identity, incarnation=incarnation))
        self.calls.lost()
        self.calls.rename(Peer(self.identity.node_id, incarnation))
        self._subscriptions.drop([old])
        await self._subscriptions.confirm([self._answers])

    async def close(self) -> None:
        """Send what is on its way, then leave the bus."""
        await self._telling.stop()
        if self.connected:
            try:
                await self._carrier.flush(self._flush_s)
            except BusAway as problem:
                _log.warning("the bus was left without a farewell: %s", problem.reason)
        await self._carrier.close()
        self.calls.lost()
        if self._hole_due is not None:
            self._hole_due.cancel()

    async def caught_up(self, timeout_s: float = FLUSH_S) -> None:
        """Return once everything the server had taken before this call has been heard here; raises BusAway."""
        await self._carrier.flush(timeout_s)

    # ------------------------------------------------------------ events

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand events to this process's feeds, then to the bus; raises BusAway when that did not take them.

        Events of one publisher keep their order for every conversation and every person; between calls they keep it
        altogether.  Typing is not waited for, and lost in silence.
        """
        self.stats.heard += self._local.hand_out(events)
        best_effort = all(type(event) is TypingChanged for event in events)
        try:
            for subject, body, count in self._packer.pack(events):
                self.post(subject, body, count)
            if not best_effort:
                await self._carrier.flush(self._flush_s)
        except BusAway:
            self.stats.refused += 1
            if not best_effort:
                raise

    def feed(
        self, handler: Handler, *, everything: bool = False, on_hole: Callable[[], None] | None = None
    ) -> ClusterFeed:
        """Return a new feed; `handler` is called in the event loop and must not block.

        With `everything` it hears all events: it subscribes to every bucket, from its first `follow` on.  `on_hole` is
        called when events for this process may have been lost: compare with the log then.
        """
        feed = ClusterFeed(
            self._local, self._subjects, self._subscriptions, handler, everything=everything, on_hole=on_hole
        )
        self._local.add(feed)
        return feed

    def post(self, subject: str, body: bytes, items: int, receipt: str = "") -> None:
        """Seal and send; raises BusAway."""
        if not self._carrier.connected:
            raise BusAway("there is no connection")
        traffic_kind = kind_of(subject)
        traffic = self.stats.sent[traffic_kind]
        for message in self._sealer.seal(subject, body):
            self._carrier.send(subject, message, receipt)
            traffic.messages += 1
            traffic.bytes += len(message)
        traffic.items += items
        if traffic_kind in EVENTS:
            self._tally.note(subject, self._sealer.last(subject), self._clock.monotonic())
            self._telling.start()

    # ------------------------------------------------------------ from the carrier

    def arrived(self, subject: str, data: bytes) -> None:
        """Take a message."""
        kind = kind_of(subject)
        if not kind or subject not in self._subscriptions:
            return
        opened = self._opener.open(subject, data)
        if opened is None:
            return
        sender, body = opened
        traffic = self.stats.received[kind]
        traffic.messages += 1
        traffic.bytes += len(data)
        try:
            traffic.items += self._take(kind, subject, sender, body)
        except (msgspec.DecodeError, ValueError) as problem:
            self.stats.dropped["form"] += 1
            _log.warning("a message of %s on %s makes no sense: %s", sender.peer.node_id, subject, problem)

    def _take(self, kind: str, subject: str, sender: Sender, body: bytes) -> int:
        match kind:
            case "signal":
                self.signals.arrived(subject, body)
                return 1
            case "call":
                return self.calls.asked(sender.peer, subject.partition(".q.")[2], body)
            case "answer":
                return self.calls.answered(body)
            case "tally":
                return self._compare(sender, _tallies.decode(body))
        return self._take_events(sender, body)

    def _take_events(self, sender: Sender, body: bytes) -> int:
        try:
            message = decode_message(body)
        except msgspec.DecodeError:
            # It was signed, so it is not forged: a newer node speaks in a way that this one does not understand.
            self._hole()
            raise
        stats = self.stats
        events: list[Event] = []
        for packed in message:
            if packed[0] and not sender.seen.first(packed[0]):
                stats.repeated += 1
                continue
            event = unpack(packed, stats)
            if event is not None:
                events.append(event)
        if events:
            heard = self._local.hand_out(events)
            stats.heard += heard
            stats.unwanted += max(0, len(events) - heard)
        return len(message)

    def nobody(self, receipt: str) -> None:
        """Nobody serves a node that was called."""
        self.calls.nobody(receipt)

    def lost(self) -> None:
        """The connection broke."""
        self.stats.connected = False
        self._subscriptions.lost()
        self.calls.lost()

    def back(self) -> None:
        """There is a connection again, with every subscription in force."""
        self.stats.connects += 1
        self.stats.connected = True
        self._opener.forget_all()
        self._subscriptions.back()
        if self._local.feeds:
            # Whoever begins to listen now has missed nothing: it follows first and reads then.
            self._hole()

    # ------------------------------------------------------------ what may be missing

    def _jumped(self, subject: str, peer: Peer) -> None:
        kind = kind_of(subject)
        if kind in EVENTS or kind == "tally":
            self._hole()
        elif kind == "call":
            self.calls.missed(peer)

    def tell_tally(self) -> None:
        """Tell the others how much was said lately; called every EVERY_S once something was."""
        if not self._tally.spoken:
            return
        try:
            self.post(TALLY, msgspec.msgpack.encode(self._tally.lately(self._clock.monotonic())), 1)
        except BusAway:
            # Who is connected anew has a hole anyway.
            return

    async def _tell(self) -> None:
        self.tell_tally()

    def _compare(self, sender: Sender, said: dict[str, int]) -> int:
        subscriptions = self._subscriptions
        for subject, number in said.items():
            if (
                subject in subscriptions
                and (sender.follows(subject) or subscriptions.for_s(subject) >= FOLLOWED_S)
                and sender.behind(subject, number)
            ):
                self._hole()
        return 1

    def _hole(self) -> None:
        """Tell the feeds soon, once for all holes of a moment: the first at once, later ones when it has passed."""
        if self._hole_due is None:
            wait_s = self._hole_at + HOLES_S - self._clock.monotonic()
            self._hole_due = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._tell_hole)

    def _tell_hole(self) -> None:
        self._hole_due = None
        self._hole_at = self._clock.monotonic()
        self.stats.holes += 1
        self._local.tell_hole()

    def _other_epoch(self, epoch: str, peer: Peer) -> None:
        now = self._clock.monotonic()
        if now - self._epoch_at < EPOCHS_S:
            return
        self._epoch_at = now
        _log.warning("%s speaks of another log (epoch %s)", peer.node_id, epoch)
        if self._on_epoch is not None:
            self._on_epoch(epoch)
