"""What the parts count, in the words of Prometheus.

The rooms keep plain numbers and know of no metrics; here they are read when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hubbub.bus.remote_chat import RemoteChat
from hubbub.bus.stats import BusStats
from hubbub.gateway.gateway import Gateway
from hubbub.rest.events.listeners import Listeners


class BusMetrics(Collector):
    """The counters of the bus: what a node hears is shown, not assumed."""

    def __init__(self, stats: Callable[[], BusStats]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        for name, what in (("messages", "Messages"), ("bytes", "Bytes"), ("items", "Events, signals and calls")):
            family = CounterMetricFamily(f"hubbub_bus_{name}", f"{what} on the bus.", labels=["direction", "kind"])
            for direction, kinds in (("sent", stats.sent), ("received", stats.received)):
                for kind, traffic in kinds.items():
                    family.add_metric([direction, kind], getattr(traffic, name))
            yield family
        dropped = CounterMetricFamily("hubbub_bus_dropped", "Messages that were not used.", labels=["why"])
        for why, count in stats.dropped.items():
            dropped.add_metric([why], count)
        yield dropped
        for name, what, value in (
            ("heard", "Events that concerned somebody here.", stats.heard),
            ("unwanted", "Events of a followed bucket that concerned nobody here.", stats.unwanted),
            ("holes", "Times at which something may have been lost.", stats.holes),
            ("refused", "Publishes that the bus did not take.", stats.refused),
            ("connects", "Connections made to the bus.", stats.connects),
        ):
            yield CounterMetricFamily(f"hubbub_bus_{name}", what, value=value)
        yield GaugeMetricFamily("hubbub_bus_subjects", "Subjects subscribed now.", value=stats.subjects)
        yield GaugeMetricFamily("hubbub_bus_connected", "Whether the bus is there.", value=int(stats.connected))


class GatewayMetrics(Collector):
    """How many are connected."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        gateway = self._gateway
        yield GaugeMetricFamily("hubbub_gateway_sessions", "Connections at whatever stage.", value=gateway.sessions)
        yield GaugeMetricFamily("hubbub_gateway_people", "People with a session here.", value=gateway.people)
        yield CounterMetricFamily(
            "hubbub_gateway_holes_mended", "Comparisons of all that was told with the log.", value=gateway.holes_mended
        )


class AskingMetrics(Collector):
    """What a process without chat waits for."""

    def __init__(self, chat: RemoteChat) -> None:
        self._chat = chat

    def collect(self) -> Iterator[Metric]:
        chat = self._chat
        yield GaugeMetricFamily("hubbub_chat_calls_open", "Requests that chat nodes have not answered.", chat.waiting)
        yield CounterMetricFamily(
            "hubbub_chat_calls_repeated", "Requests that were sent more than once.", value=chat.asked_again
        )


class ListenerMetrics(Collector):
    """How many listen over HTTP."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("hubbub_event_streams", "Streams of events.", value=len(self._listeners))
