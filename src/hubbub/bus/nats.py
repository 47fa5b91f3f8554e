"""The bus over NATS (core NATS is enough; JetStream is not used)."""

from __future__ import annotations

from collections.abc import Callable

from hubbub.base.clock import Clock
from hubbub.bus.carrier import Receiver
from hubbub.bus.cluster_bus import FLUSH_S, ClusterBus
from hubbub.bus.identity import BusIdentity
from hubbub.bus.kept_carrier import join
from hubbub.bus.nats_link import NatsLink


async def connect(
    url: str,
    *,
    identity: BusIdentity,
    buckets: int,
    clock: Clock,
    on_epoch: Callable[[str], None] | None = None,
    wait_s: float = 10.0,
    flush_s: float = FLUSH_S,
) -> ClusterBus:
    """Return the bus of this process on the NATS server at `url`, or on several, separated by commas.

    Raises BusAway when there was no connection within `wait_s`.  Later the bus may go and come as it likes.
    """
    servers = [part.strip() for part in url.split(",") if part.strip()]

    def make_link(receiver: Receiver) -> NatsLink:
        return NatsLink(receiver, servers, identity.node_id)

    return await join(
        url,
        make_link,
        identity=identity,
        buckets=buckets,
        clock=clock,
        on_epoch=on_epoch,
        wait_s=wait_s,
        flush_s=flush_s,
    )
