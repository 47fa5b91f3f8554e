"""What a load process is told to do, and what it answers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hubbub.lab.checker import Report
from hubbub.lab.load.client import Seat


class Task(msgspec.Struct, kw_only=True):
    """One measurement."""

    bench: str
    address: str
    """ws:// URL, or host:port with `tcp`."""
    transport: str = "ws"
    seats: list[Seat]
    in_flight: int = 1
    senders: int = 1
    rate: float = 0.0
    """Messages offered per second, whatever comes back; 0: as fast as the answers come."""
    size: int = 200
    """Bytes of text in a message."""
    duration_s: float = 5.0
    warm_up_s: float = 1.0
    messages: int = 0
    """Stop after so many instead of after a time; 0: by time."""
    cpu: int | None = None
    server_cpu: int | None = None
    server_pid: int = 0
    """Whose memory is measured; 0: nobody's."""
    conversations: list[str] = msgspec.field(default_factory=list)
    """Ready-made conversations, where a measurement needs some."""
    repeats: int = 30


class Figures(msgspec.Struct, kw_only=True):
    """What was measured.  What does not apply is None."""

    bench: str
    transport: str = "ws"
    users: int | None = None
    in_flight: int | None = None
    senders: int | None = None
    payload_bytes: int | None = None
    duration_s: float | None = None
    messages: int | None = None
    offered_per_s: float | None = None
    acked_per_s: float | None = None
    delivered_per_s: float | None = None
    ack_ms: dict[str, float] | None = None
    delivery_ms: dict[str, float] | None = None
    rejected: int | None = None
    lost: int | None = None
    duplicated: int | None = None
    reordered: int | None = None
    phantom: int | None = None
    beyond_cut: int | None = None
    wrong_counts: int | None = None
    redundant: int | None = None
    """Numbers pushed more than once on one connection, which the contract allows."""
    entries_checked: int | None = None
    deliveries_checked: int | None = None
    violations: list[str] | None = None
    baseline_delivered_per_s: float | None = None
    """The C program's, with the same receiver on the same core."""
    ratio_to_baseline: float | None = None
    spread_per_s: float | None = None
    """Deliveries per second between the first and the last delivery of a message: fan-out without the commit."""
    spread_ratio_to_baseline: float | None = None
    frame_bytes: int | None = None
    connections: int | None = None
    conversations_each: int | None = None
    connects_per_s: float | None = None
    rss_kib_per_connection: float | None = None
    server_rss_mib_before: float | None = None
    server_rss_mib_after: float | None = None
    server_idle_rss_mib: float | None = None
    """Before anybody connected."""
    start_to_first_connection_s: float | None = None
    resume_ms: dict[str, float] | None = None
    """From hello to ready, as the client sees it."""
    ping_ms: dict[str, float] | None = None
    server_cpu_ms: float | None = None
    """Processor time the server spent on one."""
    resume_bytes: int | None = None
    resume_bytes_unchanged: int | None = None
    page_ms_small: dict[str, float] | None = None
    page_ms_large: dict[str, float] | None = None
    page_ratio: float | None = None
    entries_small: int | None = None
    entries_large: int | None = None
    load_cpu_percent: float | None = None
    server_cpu_percent: float | None = None
    other_cpu_percent: float | None = None
    """What else ran on the machine during the measurement, in percent of one core."""
    note: str = ""

    def judged(self, report: Report) -> Figures:
        """Enter what the checker found."""
        self.lost, self.duplicated, self.reordered = report.lost, report.doubled, report.swapped
        self.phantom, self.beyond_cut, self.wrong_counts = report.phantom, report.beyond_cut, report.wrong_counts
        self.redundant, self.rejected = report.redundant, report.rejected
        self.entries_checked, self.deliveries_checked = report.entries, report.deliveries
        self.violations = report.words
        return self

    @property
    def clean(self) -> bool:
        """Whether the checker had nothing to say."""
        kinds = (self.lost, self.duplicated, self.reordered, self.phantom, self.beyond_cut, self.wrong_counts)
        return not any(kinds)


Progress = Callable[[float, str], None]
"""Called with a share of 1 and what is going on."""
