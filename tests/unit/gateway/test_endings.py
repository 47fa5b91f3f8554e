"""A socket ends soon after its login, also when whoever ended it lived too short to tell anybody."""

from __future__ import annotations

from support.fake_chat import an_id
from support.gateways import until
from support.quiet import a_quiet_house, settle

ROMEO, JULIET = an_id("romeo"), an_id("juliet")


async def test_a_login_that_ended_untold_ends_its_sockets_and_no_others() -> None:
    async with a_quiet_house(endings_s=0.01) as house:
        phone, tablet = await house.let_in("romeo/phone"), await house.let_in("romeo/tablet")
        juliet = await house.let_in("juliet/phone")
        house.auth.end(ROMEO)
        await until(lambda: phone.ended is not None and tablet.ended is not None)
        assert phone.ended == tablet.ended
        assert phone.ended is not None
        assert phone.ended[1] == "session_ended"
        assert juliet.ended is None


async def test_a_login_whose_ending_was_slow_to_be_stored_is_found_among_earlier_ones() -> None:
    async with a_quiet_house(endings_s=0.01) as house:
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        house.auth.end(JULIET)
        await until(lambda: juliet.ended is not None)
        house.auth.end(ROMEO, ago_ms=30_000)
        await until(lambda: romeo.ended is not None)


async def test_what_ended_while_the_database_was_away_is_found_when_it_is_back() -> None:
    async with a_quiet_house(endings_s=0.01) as house:
        romeo = await house.let_in("romeo/phone")
        house.auth.away = 3
        await until(lambda: house.auth.away == 1)
        house.auth.end(ROMEO)
        house.hands.advance(600)
        await until(lambda: romeo.ended is not None)


async def test_everybody_is_found_when_many_logins_end_at_once() -> None:
    async with a_quiet_house(endings_s=3600.0) as house:
        names = [f"p{number}" for number in range(1_500)]
        for name in names:
            house.auth.verify(f"{name}/phone")
            house.auth.end(an_id(name))
        romeo = await house.let_in("romeo/phone")
        house.auth.end(ROMEO)
        house.lose_something()
        await until(lambda: house.gateway.holes_mended > 0)
        assert romeo.ended is not None


async def test_who_logs_out_here_gets_the_answer_before_the_end() -> None:
    async with a_quiet_house(endings_s=0.01) as house:
        romeo = await house.let_in("romeo/phone")
        romeo.session.logged_out = True
        house.auth.end(ROMEO)
        await house.pass_s(1)
        await settle()
        assert romeo.ended is None
