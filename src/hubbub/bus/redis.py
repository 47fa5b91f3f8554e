"""The bus over the publish and subscribe of one Redis server: a channel per bucket and per node.

Redis keeps no order between what it is asked over different connections, and a cluster or a replica of it is another
thing; this is for those who run one Redis anyway and want no NATS beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from hubbub.base.clock import Clock
from hubbub.bus.carrier import Receiver
from hubbub.bus.cluster_bus import FLUSH_S, ClusterBus
from hubbub.bus.identity import BusIdentity
from hubbub.bus.kept_carrier import join
from hubbub.bus.redis_link import RedisLink, pool_for


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
    """Return the bus of this process on the Redis server at `url`.

    Raises BusAway when there was no connection within `wait_s`, ValueError for what is no URL.  Later the bus may go
    and come as it likes.
    """
    pool = pool_for(url, identity.node_id)

    def make_link(receiver: Receiver) -> RedisLink:
        return RedisLink(receiver, pool)

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
