"""The set of measurements a release is judged by, and the page they are written to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from hubbub.lab.load.bench import Plan
from hubbub.lab.load.machine import Machine
from hubbub.lab.load.task import Figures


class Row(msgspec.Struct):
    """One line of the page: what was promised and what came of it."""

    what: str
    target: str
    measured: str
    reached: bool | None
    """None where nothing was promised, or nothing could be measured."""


class Item(msgspec.Struct):
    """One measurement of the set."""

    name: str
    plan: Plan
    rows: Callable[[Figures], list[Row]]


BELOW = "<!-- made by bench/"
"""How the mark of a program begins that keeps its own table at the end of the page."""


def the_set() -> list[Item]:
    """Return every measurement, in the order they are made."""
    return [
        Item("direct, one in flight", Plan(bench="direct", in_flight=1, duration_s=8), _direct(12_000)),
        Item("direct, eight in flight", Plan(bench="direct", in_flight=8, duration_s=8), _direct(20_000)),
        Item("direct, 6,000/s offered", Plan(bench="direct", rate=6_000, duration_s=10), _offered),
        Item("fanout, one in flight", Plan(bench="fanout", duration_s=9), _fanout),
        Item("fanout, 64 senders", Plan(bench="fanout", senders=64, in_flight=4, duration_s=8), _flood),
        Item("connect", Plan(bench="connect", users=1000), _connect),
        Item("sync", Plan(bench="sync"), _sync),
        Item("history", Plan(bench="history"), _history),
    ]


def render(machine: Machine, results: Sequence[tuple[Item, Figures | str]]) -> str:
    """Return the page."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench` (`hubbub bench all --write docs/benchmarks.md`); nothing here is typed by hand.",
        "",
        f"- **When**: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit `{machine.commit}`"
        + (" with changes that were not committed" if machine.dirty else ""),
        f"- **Machine**: {machine.cpu}, {machine.cores} cores, {machine.memory_gib:g} GiB, {machine.system}",
        f"- **Software**: Python {machine.python}; {machine.database}, {machine.fsync}; embedded, one server process",
        f"- **Placement**: server on core {_core(machine.server_cpu)}, load on core {_core(machine.load_cpu)}",
        "- **Rate limits** are off during a measurement, everything else is as installed.",
        *_company(results),
        "",
        "| what | target | measured | reached |",
        "|---|---|---|---|",
    ]
    for item, result in results:
        if isinstance(result, str):
            lines.append(f"| {item.name} | | did not finish: {result.replace('|', '/')} | no |")
            continue
        for row in item.rows(result):
            reached = {True: "yes", False: "**no**", None: ""}[row.reached]
            lines.append(f"| {row.what} | {row.target} | {row.measured} | {reached} |")
    lines += [
        "",
        "## What the checker found",
        "",
        "Every frame of every connection was recorded at the socket and judged against the delivery contract.",
        "",
        "| measurement | entries | deliveries | lost | doubled | swapped | phantom | beyond a cut | wrong counts |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for item, result in results:
        if not isinstance(result, str) and result.lost is not None:
            lines.append(
                f"| {item.name} | {result.entries_checked:,} | {result.deliveries_checked:,} | {result.lost} |"
                f" {result.duplicated} | {result.reordered} | {result.phantom} | {result.beyond_cut} |"
                f" {result.wrong_counts} |"
            )
    for item, result in results:
        if not isinstance(result, str) and result.violations:
            lines += ["", f"First violations of {item.name}:", "", *(f"- {one}" for one in result.violations[:5])]
    lines += [
        "",
        "## Everything that was measured",
        "",
        "Times are in milliseconds. What does not apply is left out.",
        "",
    ]
    for item, result in results:
        if isinstance(result, str):
            continue
        lines += [f"### {item.name}", "", "```", *_all(result), "```", ""]
    lines += [
        "## How to read this, and how to run it again",
        "",
        "`make bench` takes about three minutes; one measurement is `hubbub bench direct --in-flight 8`, and `--json`",
        "prints one object. With `--server URL` an existing server is measured instead of a fresh one.",
        "",
        "- A message counts as acknowledged when the server's answer came, which is after the commit, and as delivered",
        "  when the other person's connection brought it.",
        "- With a rate the load is open: latency counts from when a message was due, not from when it could be sent.",
        "- The C program of `fanout` is `bench/fanout_baseline.c`: one `send()` per member and message, nothing else,",
        "  measured in turns with the server, with the same receiver on the same core.",
        "- Memory per connection is the growth of the server's resident memory divided by the connections.",
        "- Other work on the machine moves these figures: with shared cores, expect the throughputs to differ by 10 to",
        "  20 % from run to run and the highest latencies by more. Compare figures of one machine only.",
        "",
    ]
    return "\n".join(lines)


def with_what_is_below(text: str, page: str) -> str:
    """Return a new page with what other programs had written below the old one, from the first of their marks on."""
    _, mark, below = page.partition(BELOW)
    return text.rstrip() + "\n\n" + mark + below if mark else text


def _company(results: Sequence[tuple[Item, Figures | str]]) -> list[str]:
    """Say so when something else used the processor meanwhile."""
    shares = [one.other_cpu_percent or 0 for _, one in results if not isinstance(one, str)]
    most = max(shares, default=0)
    if most < 15:
        return []
    return [
        f"- **Not alone**: other programs used up to {most:.0f} % of a core during the measurements, so the figures are"
        " lower than this machine gives when it is idle"
    ]


def _core(cpu: int | None) -> str:
    return "of the system's choice" if cpu is None else str(cpu)


def _all(figures: Figures) -> list[str]:
    lines = []
    for name, value in msgspec.to_builtins(figures).items():
        if value in (None, "", []) or name in ("bench", "violations"):
            continue
        if isinstance(value, dict):
            value = "  ".join(f"{point} {ms:g}" for point, ms in value.items())
        elif isinstance(value, list):
            value = "; ".join(map(str, value))
        elif isinstance(value, (int, float)) and abs(value) >= 10_000:
            value = f"{value:,.0f}"
        lines.append(f"{name:28} {value}")
    return lines


def _per_s(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}/s"


def _p99(points: dict[str, float] | None) -> float:
    return points["p99"] if points else float("inf")


def _direct(target: int) -> Callable[[Figures], list[Row]]:
    def rows(found: Figures) -> list[Row]:
        what = f"direct: acknowledged and delivered, {found.users} people, {found.in_flight} in flight each"
        slower = min(found.acked_per_s or 0, found.delivered_per_s or 0)
        measured = (
            f"{_per_s(slower)} (ack p50 {_p(found.ack_ms, 'p50')}, p99 {_p(found.ack_ms, 'p99')};"
            f" delivery p99 {_p(found.delivery_ms, 'p99')})"
        )
        return [Row(what, f"{target:,}/s", measured, slower >= target and found.clean)]

    return rows


def _p(points: dict[str, float] | None, name: str) -> str:
    return f"{points[name]:.1f} ms" if points else "-"


def _offered(found: Figures) -> list[Row]:
    worst = max(_p99(found.ack_ms), _p99(found.delivery_ms))
    kept_up = (found.acked_per_s or 0) >= 0.98 * (found.offered_per_s or 0)
    measured = f"ack {_p(found.ack_ms, 'p99')}, delivery {_p(found.delivery_ms, 'p99')} at {_per_s(found.acked_per_s)}"
    return [Row("direct: p99 at 6,000/s offered", "30 ms", measured, worst < 30 and kept_up and found.clean)]


def _fanout(found: Figures) -> list[Row]:
    ratio = found.ratio_to_baseline
    measured = f"{_per_s(found.delivered_per_s)} against {_per_s(found.baseline_delivered_per_s)}"
    what = f"fanout: one group, {found.users} members, one message in flight, against C"
    reached = ratio >= 0.8 and found.clean if ratio is not None else None
    alone = f"{found.spread_ratio_to_baseline} ({_per_s(found.spread_per_s)})"
    return [
        Row(what, "0.8", f"{ratio} ({measured})", reached),
        Row("the same, from a message's first delivery to its last, without the commit", "", alone, None),
    ]


def _flood(found: Figures) -> list[Row]:
    grown = (found.server_rss_mib_after or 0) - (found.server_rss_mib_before or 0)
    delivered = found.delivered_per_s or 0
    measured = f"{_per_s(delivered)}; memory at most {grown:+.0f} MiB"
    what = f"fanout: the same, {found.senders} people sending"
    return [Row(what, "1,000,000/s", measured, delivered >= 1_000_000 and found.clean)]


def _connect(found: Figures) -> list[Row]:
    kib, start, idle = found.rss_kib_per_connection, found.start_to_first_connection_s, found.server_idle_rss_mib
    each = f"an idle connection in {found.conversations_each} conversations ({found.connections} of them)"
    return [
        Row(each, "14 KiB", f"{kib} KiB", kib <= 14 if kib is not None else None),
        Row("start to first accepted connection", "1.5 s", f"{start} s", start <= 1.5 if start is not None else None),
        Row("idle RSS", "120 MB", f"{idle} MiB", idle * 1.048576 <= 120 if idle is not None else None),
        Row("logins on a socket", "", _per_s(found.connects_per_s), None),
    ]


def _sync(found: Figures) -> list[Row]:
    cpu = found.server_cpu_ms
    seen = _p(found.resume_ms, "p50")
    measured = f"{cpu} ms of processor time; {seen} from hello to ready (p99 {_p(found.resume_ms, 'p99')})"
    sizes = f"{found.resume_bytes:,} bytes; {found.resume_bytes_unchanged:,} when nothing changed"
    what = f"reconnect with {found.conversations_each} conversations of which 5 changed"
    # The time a client sees contains the server's, so a client that waits less than the target proves it too.
    best = min(cpu if cpu is not None else float("inf"), (found.resume_ms or {"p50": float("inf")})["p50"])
    return [
        Row(what, "10 ms of server time", measured, best < 10 and found.clean),
        Row("bytes received by it", "in proportion to the 5", sizes, None),
    ]


def _history(found: Figures) -> list[Row]:
    ratio = found.page_ratio
    measured = f"{ratio} (p50 {_p(found.page_ms_large, 'p50')} against {_p(found.page_ms_small, 'p50')})"
    what = f"a history page from {found.entries_large:,} entries against {found.entries_small:,}"
    return [Row(what, "1.3", measured, ratio <= 1.3 if ratio is not None else None)]
