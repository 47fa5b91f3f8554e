"""`gateway_death`: a gateway with everybody on it is killed, and all come back to the others and lack nothing."""

from __future__ import annotations

import time

from hubbub.lab.figures.figure import Figure, Measured, Stage, seconds
from hubbub.lab.figures.processors import processor_seconds, used_between
from hubbub.lab.figures.timeline import all_back_ns, all_had_ns, outages_s, percentile, seconds_until, steps_s
from hubbub.lab.figures.told import Told

PEOPLE = 1_000
PEOPLE_REJECT = 200
RATE = 100.0
TARGET_S = 5.0
WATCH_S = 12.0
CALM_S = 4.0
"""How long to see what the talk alone costs."""


async def gateway_death(stage: Stage) -> Measured:
    """Kill the gateway that everybody is on, then do it once more where a second login is refused."""
    found = Measured(
        how=f"{PEOPLE} light clients come in while there is one gateway, so all are on it; two more start, "
        f"{RATE:g} messages per second flow between pairs, and the first is killed with SIGKILL. Clients behave as the "
        "SDK does: they wait a random part of 0.5 s (doubled with every failure), ask `POST /api/v1/connect` with "
        "`avoid`, and resume. Time counts from the kill to the last client's `ready`, and to the arrival of the last "
        f"message that was due before that. Then the same for {PEOPLE_REJECT} with `login_policy = reject`, where a "
        "session that is left over would refuse its owner. The steps are seconds from the kill, first / median / last: "
        "connection lost, asked where to connect, told (led), socket taken (opened), and back. A return's cost is the "
        "processor time of all nodes, bus and database while people came back, less what the talk alone cost before."
    )
    back_s, had_s, lost, told = await _once(stage, stage.people(PEOPLE), {}, found)
    spread = outages_s(told.outages)
    found.note(
        back_s=back_s,
        whole_s=had_s,
        lost_connections=lost,
        outage_p50_s=percentile(spread, 50),
        outage_p99_s=percentile(spread, 99),
        tries_p50=percentile((each.tries for each in told.outages), 50),
        tries_max=max((each.tries for each in told.outages), default=0),
        load_cpu_s=told.load_cpu_s,
        logins_refused=sum(told.logins_refused.values()),
    )
    measured = f"{lost} connections lost; all back after {seconds(back_s)}, all have everything after {seconds(had_s)}"
    what = f"a gateway killed with {stage.people(PEOPLE):,} users on it: all reconnected and caught up"
    found.figures.append(Figure(what=what, target="5 s", measured=measured, reached=max(back_s, had_s) <= TARGET_S))

    people = stage.people(PEOPLE_REJECT)
    back_s, had_s, lost, told = await _once(stage, people, {"HUBBUB_GATEWAY_LOGIN_POLICY": "reject"}, found)
    refused = sum(told.logins_refused.values())
    found.note(reject_back_s=back_s, reject_whole_s=had_s, reject_logins_refused=refused, reject_away=told.away)
    measured = (
        f"{refused} hellos refused on the way, {told.away} users refused in the end; "
        f"all back after {seconds(back_s)}, everything after {seconds(had_s)}"
    )
    what = f"the same with {people} users and `login_policy = reject`: nobody blocked by stale state"
    reached = not told.away and max(back_s, had_s) <= TARGET_S
    found.figures.append(Figure(what=what, target="5 s, none blocked", measured=measured, reached=reached))
    return found


async def _once(stage: Stage, people: int, environ: dict[str, str], found: Measured) -> tuple[float, float, int, Told]:
    """Return seconds until all were back and had everything, how many connections were lost, and what was told."""
    async with stage.cluster(environ=environ) as cluster:
        seats = await stage.seats(cluster, people)
        victim, *others = cluster.names("gateway")
        for name in others:
            await cluster.stop(name)
        # Nobody is sent to those who left.
        await stage.wait(2.0, "waiting until there is one gateway")
        async with stage.crowd(cluster, seats) as crowd:
            for name in others:
                await cluster.start(name)
            await cluster.wait_ready()
            await crowd.rate(stage.rate(RATE))
            await stage.wait(3.0, "talking")
            calm_s, watch_s = stage.time(CALM_S), stage.time(WATCH_S, least_s=8.0)
            calm = processor_seconds(cluster)
            await stage.wait(calm_s, "talking, while it is seen what that costs")
            stage.tell(f"killing {victim}")
            used, killed_ns = processor_seconds(cluster), time.monotonic_ns()
            await cluster.kill(victim)
            await stage.wait(watch_s, "coming back")
            spent_s = used_between(used, processor_seconds(cluster))
            more_s = spent_s - used_between(calm, used) / calm_s * watch_s
            found.note(
                **{
                    f"server_cpu_s_of_{people}": spent_s,
                    f"server_cpu_ms_per_return_of_{people}": 1000 * more_s / people,
                }
            )
            stage.tell("checking")
            told = await crowd.told()
    found.judge(told)
    found.note(**{f"{step}_s_of_{people}": times for step, times in steps_s(told.outages, killed_ns).items()})
    back_ns = all_back_ns(told.outages, killed_ns)
    had_ns = all_had_ns(told.spoken, killed_ns, back_ns)
    back_s = seconds_until(back_ns, killed_ns)
    had_s = seconds_until(had_ns, killed_ns) if back_ns > killed_ns else back_s
    return back_s, had_s, sum(each.lost_ns >= killed_ns for each in told.outages), told
