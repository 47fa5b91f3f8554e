"""What a fault lab found, for programs and for people."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from hubbub.lab.faults.lab import Outcome

MEANINGS = {
    "lost": "acknowledged and gone, or online and not received",
    "doubled": "one command stored twice",
    "swapped": "two orders, a missing number, or time running backwards",
    "phantom": "an entry nobody sent, or that was refused",
    "beyond_cut": "seen outside a membership",
    "wrong_counts": "an unread count, mention count or mark that the log contradicts",
    "late": "not there five seconds after all was whole",
    "stuck": "a command without an answer, or somebody not online, thirty seconds after all was whole",
}


def as_json(outcome: Outcome, commit: str = "") -> dict[str, Any]:
    """Return the one object that `--json` prints last."""
    report = outcome.report
    return {
        "seed": outcome.plan.seed,
        "faults": sum(outcome.kinds.values()),
        "violations": outcome.violations,
        "kinds": outcome.kinds,
        "checks": outcome.checks,
        "submitted": report.submitted,
        "accepted": report.accepted,
        "deliveries": report.deliveries,
        "catch_up_s_max": round(max(outcome.catch_up_s, default=0.0), 2),
        "reconnect_s_max": round(max(outcome.reconnect_s, default=0.0), 2),
        "took_s": round(outcome.took_s, 1),
        "commit": commit,
        "words": [*report.words, *outcome.late, *outcome.stuck][:40],
    }


def as_table(outcome: Outcome) -> Table:
    """Return the verdict for a terminal."""
    found = as_json(outcome)
    table = Table("what", "count", box=None, pad_edge=False)
    for name in ("faults", "violations", "accepted", "deliveries", "reconnect_s_max", "catch_up_s_max"):
        table.add_row(name, str(found[name]))
    for name, count in outcome.checks.items():
        table.add_row(f"  {name}", str(count))
    return table


def as_page(outcome: Outcome, *, commit: str, machine: str, command: str) -> str:
    """Return `docs/faults.md`."""
    found = as_json(outcome, commit)
    plan = outcome.plan
    parts = ", ".join(f"{getattr(plan.cluster, role)} {role}" for role in ("web", "gateway", "chat", "worker"))
    lines = [
        "# Fault lab",
        "",
        "A whole cluster on one machine is harmed while people use it, and everything they did and saw is judged",
        "against the [delivery contract](../spec/protocol.md). This page is written by the command below; the same",
        "seed draws the same faults, at moments that depend on the machine.",
        "",
        "```sh",
        command,
        "```",
        "",
        f"- Commit {commit}; {machine}",
        f"- Cluster: {parts}; {plan.cluster.database} as database, {plan.cluster.bus} as bus, every node behind wires",
        "  of its own that can be cut, slowed, torn and made to leak",
        f"- People: {plan.people}, through the SDK, each with every raw frame recorded",
        "",
        "## Verdict",
        "",
        "| what | count |",
        "|---|---|",
        f"| faults injected | {found['faults']} |",
        f"| violations | {found['violations']} |",
        f"| commands sent / accepted | {found['submitted']} / {found['accepted']} |",
        f"| entries delivered | {found['deliveries']} |",
        f"| slowest return of everybody after all was whole | {found['reconnect_s_max']} s |",
        f"| slowest catching up once online (at most 5 s are allowed) | {found['catch_up_s_max']} s |",
        f"| took | {found['took_s']:.0f} s |",
        "",
        "| check | meaning | found |",
        "|---|---|---|",
        *(f"| {name} | {MEANINGS[name]} | {count} |" for name, count in outcome.checks.items()),
        "",
        "## Kinds of faults",
        "",
        "| kind | injected |",
        "|---|---|",
        *(f"| {kind} | {count} |" for kind, count in outcome.kinds.items()),
        "",
    ]
    if found["words"]:
        lines += ["## What was found", "", *(f"- {words}" for words in found["words"]), ""]
    lines += ["## Every fault", "", "| # | kind | what was done | took |", "|---|---|---|---|"]
    lines += [f"| {one.number} | {one.kind} | {one.words} | {one.took_s:.1f} s |" for one in outcome.injected]
    return "\n".join(lines) + "\n"
