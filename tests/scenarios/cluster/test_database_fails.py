"""The database stops for a while: nothing is acknowledged meanwhile, nothing is lost, and nobody has to help."""

from __future__ import annotations

import asyncio

import pytest
from support.town import WHOLE_AGAIN_S, Chatter, Ear, Town

pytestmark = pytest.mark.timeout(300)
"""The first of them starts the cluster, which takes its time on a busy machine."""


async def a_talk(town: Town) -> tuple[Chatter, list[Ear]]:
    cast = await town.enter(*(f"player{number}@gateway-{number % 2 + 1}" for number in range(4)))
    group = await cast[0].gathers("The stage", *cast[1:])
    return Chatter(cast, group.id), [Ear(actor, group.id) for actor in cast]


async def ends_well(chatter: Chatter, ears: list[Ear]) -> None:
    seqs = await chatter.stop()
    assert seqs == list(range(2, 2 + len(seqs)))
    chatter.assert_everybody_kept_their_order()
    for ear in ears:
        await ear.has_all(seqs, within_s=WHOLE_AGAIN_S)


async def test_a_restart_of_the_database_is_a_pause(town: Town) -> None:
    chatter, ears = await a_talk(town)
    await chatter.said(40)
    await town.cluster.stop("database")
    while_away = len(chatter.accepted)
    await asyncio.sleep(4.0)
    # What was committed before it stopped may still have been on its way.
    assert len(chatter.accepted) - while_away <= len(ears)
    await town.cluster.start("database")
    await chatter.said(40)
    await ends_well(chatter, ears)


async def test_a_database_that_hangs_is_waited_for(town: Town) -> None:
    chatter, ears = await a_talk(town)
    await chatter.said(40)
    await town.cluster.pause("database")
    await asyncio.sleep(4.0)
    await town.cluster.resume("database")
    await chatter.said(40)
    await ends_well(chatter, ears)
