"""`bus_down` and `database_down`: what everybody stands on is away for half a minute."""

from __future__ import annotations

import time
from collections import Counter

from hubbub.lab.figures.figure import Figure, Measured, Stage, milliseconds, seconds, socket_of
from hubbub.lab.figures.timeline import (
    ack_delays_s,
    acks_within,
    all_had_ns,
    longest_gap_s,
    percentile,
    seconds_until,
)

DOWN_S = 30.0
RATE = 30.0
TARGET_S = 5.0
BOTH = "both-1"
GROUP = 20
"""People in each of the groups."""


async def bus_down(stage: Stage) -> Measured:
    """Take the bus away: who holds both roles goes on, who does not says so."""
    group, down_s = stage.people(GROUP), stage.time(DOWN_S, least_s=5.0)
    found = Measured(
        how=f"{group} people talk in pairs on `{BOTH}`, a process with the roles gateway and chat; {group} on "
        f"`gateway-1`, which has only that role; {group} in pairs of one on each. nats-server is killed with SIGKILL "
        f"and started again after {down_s:g} s, under {RATE:g} messages per second. A client whose message is answered "
        "with anything but `accepted` sends it again, as the SDK does. Time counts from when the bus answers again."
    )
    async with stage.cluster(also={BOTH: ("gateway", "chat")}) as cluster:
        seats = await stage.seats(cluster, 3 * group)
        both, gateway = socket_of(cluster, BOTH), socket_of(cluster, "gateway-1")
        addresses = [both] * group + [gateway] * group + [both, gateway] * (group // 2)
        # Even numbers of the last group are on the process with both roles.
        on_both = {number for number, address in enumerate(addresses) if address == both}
        async with stage.crowd(cluster, seats, addresses) as crowd:
            await crowd.rate(stage.rate(RATE))
            await stage.wait(4.0, "talking")
            down_ns = time.monotonic_ns()
            await cluster.kill("bus")
            gone_ns = time.monotonic_ns()
            await stage.wait(down_s, "the bus is down")
            up_ns = time.monotonic_ns()
            await cluster.start("bus")
            there_ns = time.monotonic_ns()
            await stage.wait(stage.time(TARGET_S + 7, least_s=8.0), "the bus is back")
            stage.tell("checking")
            told = await crowd.told()
    found.judge(told)
    due = [each for each in told.spoken if gone_ns <= each.due_ns < up_ns]
    theirs = [each for each in due if each.sender in on_both]
    acked = acks_within(theirs, gone_ns, up_ns)
    gap_s = longest_gap_s((each.acked_ns for each in told.spoken if each.sender in on_both), down_ns, up_ns)
    ack_s = percentile(ack_delays_s(theirs), 50)
    found.note(both_due=len(theirs), both_acked=len(acked), both_gap_s=gap_s, both_ack_p50_s=ack_s)
    measured = f"{len(acked)} of {len(theirs)} messages (p50 {milliseconds(ack_s)}, longest gap {seconds(gap_s)})"
    what = f"bus down for {down_s:g} s: a process that holds both roles acknowledges"
    found.figures.append(
        Figure(what=what, target="goes on", measured=measured, reached=len(acked) >= 0.9 * len(theirs) > 0)
    )

    others = [each for each in due if each.sender not in on_both]
    acked_without = len(acks_within(others, gone_ns, up_ns))
    codes = Counter(each.code for each in told.answers if gone_ns <= each.at_ns < up_ns and each.person not in on_both)
    said = ", ".join(f"{code} {count}x" for code, count in codes.most_common()) or "nothing"
    open_codes = all(code.startswith("unknown(") or code in {"unavailable", "unknown_outcome"} for code in codes)
    found.note(without_due=len(others), without_acked=acked_without, without_codes=said)
    measured = f"{said}; {acked_without} of {len(others)} acknowledged meanwhile"
    what = "the same: what a gateway without `chat` answers"
    found.figures.append(
        Figure(what=what, target="unknown(retry), clearly", measured=measured, reached=bool(codes) and open_codes)
    )

    had_s = seconds_until(all_had_ns(told.spoken, 0, there_ns), there_ns)
    found.note(whole_s=had_s, start_s=(there_ns - up_ns) / 1e9)
    what = "after the bus returns everyone has everything"
    reached = had_s <= TARGET_S and not told.missing
    found.figures.append(Figure(what=what, target="5 s", measured=seconds(max(had_s, 0.0)), reached=reached))
    return found


async def database_down(stage: Stage) -> Measured:
    """Take the database away: nobody is told that anything was stored, and afterwards it goes on by itself."""
    people, down_s = stage.people(40), stage.time(DOWN_S, least_s=5.0)
    found = Measured(
        how=f"{people} people talk in pairs at {RATE:g} messages per second through the edge; PostgreSQL is killed "
        f"with SIGKILL and started again after {down_s:g} s. Time counts from when it takes connections again. What "
        "was due meanwhile is sent again until it is accepted, and the checker looks for everything acknowledged."
    )
    async with stage.cluster() as cluster:
        seats = await stage.seats(cluster, people)
        async with stage.crowd(cluster, seats) as crowd:
            await crowd.rate(stage.rate(RATE))
            await stage.wait(4.0, "talking")
            await cluster.kill("database")
            gone_ns = time.monotonic_ns()
            await stage.wait(down_s, "the database is down")
            up_ns = time.monotonic_ns()
            await cluster.start("database")
            there_ns = time.monotonic_ns()
            await stage.wait(stage.time(20.0, least_s=10.0), "the database is back")
            stage.tell("checking")
            told = await crowd.told()
    found.judge(told)
    # An answer that was on its way when the database died was true.
    meanwhile = len(acks_within(told.spoken, gone_ns + 100_000_000, up_ns))
    codes = Counter(each.code for each in told.answers if gone_ns <= each.at_ns < there_ns)
    first_ns = min((each.acked_ns for each in told.spoken if each.acked_ns >= up_ns), default=0)
    first_s = max(0.0, seconds_until(first_ns, there_ns))
    had_s = max(0.0, seconds_until(all_had_ns(told.spoken, 0, there_ns), there_ns))
    said = ", ".join(f"{code} {count}x" for code, count in codes.most_common()) or "nothing"
    found.note(
        acked_meanwhile=meanwhile,
        codes=said,
        first_ack_s=first_s,
        whole_s=had_s,
        lost=told.report.lost,
        connections_lost=len(told.outages),
        start_s=(there_ns - up_ns) / 1e9,
    )
    what = f"database down for {down_s:g} s: acknowledgements given meanwhile"
    measured = f"{meanwhile} (answered: {said})"
    found.figures.append(Figure(what=what, target="0", measured=measured, reached=not meanwhile))
    what = "the same: acknowledged and lost"
    found.figures.append(Figure(what=what, target="0", measured=str(told.report.lost), reached=not told.report.lost))
    measured = f"first acknowledgement after {seconds(first_s)}, everybody has everything after {seconds(had_s)}"
    what = "the same: service resumes by itself"
    reached = bool(first_ns) and not told.unanswered and not told.missing
    found.figures.append(Figure(what=what, target="yes", measured=measured, reached=reached))
    return found
