"""`docs/cluster-figures.md`: what was promised of the cluster and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hubbub.lab.figures.figure import Measured
from hubbub.lab.load.machine import Machine

REACHED = {True: "yes", False: "**no**", None: ""}


def render(machine: Machine, results: Mapping[str, Measured], command: str, *, busy_percent: float) -> str:
    """Return the page; `busy_percent` of the machine's processor time was used by others before it began."""
    lines = [
        "# Figures of the cluster",
        "",
        f"Written by `{command}`; nothing here is typed by hand.",
        "",
        f"- **When**: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit `{machine.commit}`"
        + (" with changes that were not committed" if machine.dirty else ""),
        f"- **Machine**: {machine.cpu}, {machine.cores} cores, {machine.memory_gib:g} GiB, {machine.system}; the whole "
        f"cluster and the load share it; {busy_percent:.0f} % of its processor time was others' just before",
        f"- **Software**: Python {machine.python}; {machine.database}, {machine.fsync}; nats-server; HAProxy",
        "- **Cluster**: unless a figure says otherwise 2 web, 3 gateway, 2 chat and 1 worker node behind HAProxy, as",
        "  `make cluster` starts them; rate limits of messages are off, everything else is as installed",
        "",
        "| what | target | measured | reached |",
        "|---|---|---|---|",
    ]
    for name, result in results.items():
        if result.error:
            lines.append(f"| {name} | | did not finish: {_cell(result.error)} | **no** |")
        for figure in result.figures:
            cells = [*map(_cell, (figure.what, figure.target, figure.measured)), REACHED[figure.reached]]
            lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "## What the checker found",
        "",
        "Every frame of every connection was recorded at the socket and judged against the delivery contract.",
        "",
        "| scenario | accepted | deliveries | lost | doubled | reordered | phantom | beyond a cut | wrong counts |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        found = result.report
        lines.append(
            f"| {name} | {found.accepted:,} | {found.deliveries:,} | {found.lost} | {found.doubled} | {found.swapped} |"
            f" {found.phantom} | {found.beyond_cut} | {found.wrong_counts} |"
        )
    lines += ["", "## How each was measured", ""]
    for name, result in results.items():
        lines += [f"### {name}", "", result.how or "It did not finish.", ""]
        if result.report.words:
            lines += ["What the checker said first:", "", *(f"- {words}" for words in result.report.words[:5]), ""]
        if result.values:
            lines += ["```", *(f"{key:28} {value}" for key, value in result.values.items()), "```", ""]
    lines += [
        "One of them alone is `hubbub bench cluster --only NAME`. Other work on the machine moves these figures, most",
        "of all where many connect at once: with all processes on a few cores, seconds here are processor time.",
        "",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
