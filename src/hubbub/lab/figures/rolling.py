"""`rolling_restart`: every node is restarted in order while everybody talks."""

from __future__ import annotations

import time

from hubbub.lab.figures.figure import Figure, Measured, Stage, seconds
from hubbub.lab.figures.timeline import delays_s, outages_s, percentile

PEOPLE = 200
RATE = 500.0
DRAIN_S = 3.0
TARGET_S = 3.0


async def rolling_restart(stage: Stage) -> Measured:
    """Restart all nodes one after another."""
    people, rate = stage.people(PEOPLE), stage.rate(RATE)
    found = Measured(
        how=f"{people} light clients talk in pairs at {rate:g} messages per second through the edge while every node, "
        "chat, worker, gateway and web, is ended with SIGTERM and started again, each once the one before is ready. "
        f"A draining gateway has {DRAIN_S:g} s to send its clients elsewhere. A client's gap is the time between the "
        "end of its connection and `ready` on the next; delivery delay counts from when a message was due."
    )
    drain = {"HUBBUB_DRAIN_S": f"{DRAIN_S:g}"}
    async with stage.cluster(environ=drain) as cluster:
        seats = await stage.seats(cluster, people)
        async with stage.crowd(cluster, seats) as crowd:
            await crowd.rate(rate)
            await stage.wait(stage.time(3.0), "talking")
            began_ns = time.monotonic_ns()
            for name in list(cluster.nodes):
                stage.tell(f"restarting {name}")
                await cluster.restart(name)
                await cluster.wait_ready()
            took_s = (time.monotonic_ns() - began_ns) / 1e9
            await stage.wait(stage.time(3.0), "talking on")
            stage.tell("checking")
            told = await crowd.told()
    found.judge(told)
    report = told.report
    gaps, delays = outages_s(told.outages), delays_s(told.spoken)
    before = delays_s(each for each in told.spoken if each.due_ns < began_ns)
    acked = sum(bool(each.acked_ns) for each in told.spoken)
    p99 = percentile(gaps, 99)
    found.note(
        nodes=len(cluster.nodes),
        took_s=took_s,
        messages=len(told.spoken),
        acked=acked,
        lost=report.lost,
        doubled=report.doubled,
        reordered=report.swapped,
        moves=len(gaps),
        unannounced=sum(each.why != "goaway" for each in told.outages),
        gap_p50_s=percentile(gaps, 50),
        gap_p99_s=p99,
        gap_max_s=max(gaps, default=0.0),
        delay_p50_s=percentile(delays, 50),
        delay_p99_s=percentile(delays, 99),
        delay_max_s=max(delays, default=0.0),
        delay_before_p99_s=percentile(before, 99),
    )
    what = f"rolling restart of all {len(cluster.nodes)} nodes under {rate:g} msg/s: lost, doubled"
    whole = not (report.lost or report.doubled or told.missing or told.unanswered)
    measured = f"{report.lost}, {report.doubled} of {acked:,} acknowledged ({len(told.spoken):,} sent)"
    found.figures.append(Figure(what=what, target="0, 0", measured=measured, reached=whole))
    others = f"p50 {seconds(percentile(gaps, 50))}, longest {seconds(max(gaps, default=0.0))}; {len(gaps)} moves"
    measured = f"{seconds(p99)} ({others})"
    what = "the same: p99 of a client's gap"
    found.figures.append(Figure(what=what, target="3 s", measured=measured, reached=p99 < TARGET_S and bool(gaps)))
    measured = f"{seconds(max(delays, default=0.0))} (p99 {seconds(percentile(delays, 99))})"
    found.figures.append(Figure(what="the same: longest delivery delay", measured=measured))
    return found
