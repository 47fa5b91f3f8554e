"""Registering, logging in and out, and what ends a login."""

from __future__ import annotations

import asyncio

import pytest
from unit.auth.people import PASSWORD, House, a_house, fast_settings

from hubbub.auth.accounts import Accounts
from hubbub.auth.refresh import RefreshToken
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code, RateLimited
from hubbub.base.ids import new_id
from hubbub.storage.memory.accounts import MemoryAccounts


async def refusal(waiting: object) -> Code:
    with pytest.raises(ChatError) as refused:
        await waiting  # type: ignore[misc]
    return refused.value.code


# ---------------------------------------------------------------- registering


async def test_a_new_person_is_welcomed_once(house: House) -> None:
    account = await house.accounts.register("Romeo", PASSWORD, display_name="Romeo M.")
    await house.accounts.log_in("romeo", PASSWORD)
    assert house.registered == [account.id]
    assert (account.username, account.username_key, account.display_name) == ("Romeo", "romeo", "Romeo M.")


async def test_a_welcome_that_failed_is_made_up_for_at_the_next_login() -> None:
    async with a_house() as house:
        tries = 0

        async def fails_first(user_id: str) -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise ChatError(Code.UNAVAILABLE)

        house.accounts.on_registered = fails_first
        await house.accounts.register("romeo", PASSWORD)
        assert tries == 1
        await house.accounts.log_in("romeo", PASSWORD)
        await house.accounts.log_in("romeo", PASSWORD)
        assert tries == 2


async def test_names_that_fold_alike_are_one(house: House) -> None:
    await house.accounts.register("straße", PASSWORD)
    assert await refusal(house.accounts.register("STRASSE", PASSWORD)) is Code.USERNAME_TAKEN
    await house.accounts.register("ＡＢＣ", PASSWORD)
    assert (await house.accounts.log_in("abc", PASSWORD)).account.username == "ABC"


async def test_a_closed_server_takes_nobody_but_from_its_admin() -> None:
    async with a_house(fast_settings(registration_open=False)) as house:
        assert await refusal(house.accounts.register("romeo", PASSWORD)) is Code.REGISTRATION_CLOSED
        await house.accounts.register("romeo", PASSWORD, by_admin=True)


@pytest.mark.parametrize("password", ["short", "romeo", "aaaaaaaaaaaa", "x" * 2000, "\ud800 surrogate", "ROMEO"])
async def test_a_weak_password_is_refused(house: House, password: str) -> None:
    assert await refusal(house.accounts.register("romeo", password)) is Code.WEAK_PASSWORD


async def test_one_address_cannot_register_without_end() -> None:
    async with a_house(fast_settings(registers_per_minute=2.0)) as house:
        for name in ("one", "two"):
            await house.accounts.register(name, PASSWORD, address="192.0.2.1")
        with pytest.raises(RateLimited) as refused:
            await house.accounts.register("three", PASSWORD, address="192.0.2.1")
        assert 0 < refused.value.retry_after_s <= 30
        await house.accounts.register("four", PASSWORD, address="192.0.2.2")


# ---------------------------------------------------------------- logging in


async def test_a_login_gives_tokens_for_its_device(house: House) -> None:
    grant = await house.enter(device_id=new_id().upper())
    identity = house.accounts.verify(grant.access_token)
    await house.accounts.check(identity)
    assert identity.user_id == grant.account.id
    assert identity.device_id == grant.login.device_id == grant.login.device_id.lower()


async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(house: House) -> None:
    await house.accounts.register("romeo", PASSWORD)
    said = []
    for name, password in (("romeo", "wrong"), ("tybalt", PASSWORD), ("not a name!", PASSWORD), ("romeo", "x" * 9999)):
        with pytest.raises(ChatError) as refused:
            await house.accounts.log_in(name, password)
        said.append((refused.value.code, str(refused.value)))
    assert set(said) == {(Code.BAD_CREDENTIALS, "The name or the password is wrong.")}


async def test_a_password_may_be_typed_on_any_keyboard(house: House) -> None:
    await house.accounts.register("romeo", "cafe\u0301 ﬁne 密码")
    await house.accounts.log_in("romeo", "café fine 密码")


async def test_guessing_slows_down_the_guesser_alone(house: House) -> None:
    await house.accounts.register("romeo", PASSWORD)
    for _ in range(6):
        assert await refusal(house.accounts.log_in("Romeo", "wrong", address="192.0.2.1")) is Code.BAD_CREDENTIALS
    with pytest.raises(RateLimited) as refused:
        await house.accounts.log_in("romeo ", PASSWORD, address="192.0.2.1")
    assert refused.value.retry_after_s == 2
    await house.accounts.log_in("romeo", PASSWORD, address="192.0.2.2")
    house.clock.advance(2)
    assert await refusal(house.accounts.log_in("romeo", "wrong", address="192.0.2.1")) is Code.BAD_CREDENTIALS
    house.clock.advance(3.9)
    assert await refusal(house.accounts.log_in("romeo", PASSWORD, address="192.0.2.1")) is Code.RATE_LIMITED
    house.clock.advance(0.1)
    await house.accounts.log_in("romeo", PASSWORD, address="192.0.2.1")
    await refusal(house.accounts.log_in("romeo", "wrong", address="192.0.2.1"))
    await house.accounts.log_in("romeo", PASSWORD, address="192.0.2.1")


async def test_who_guesses_at_one_node_has_guessed_at_each(house: House) -> None:
    other = Accounts(house.store, fast_settings(), house.clock)
    await other.start()
    try:
        grant = await house.enter()
        for node in (house.accounts, other) * 3:
            assert await refusal(node.log_in("romeo", "wrong", address="192.0.2.1")) is Code.BAD_CREDENTIALS
        for node in (house.accounts, other):
            assert await refusal(node.log_in("romeo", PASSWORD, address="192.0.2.1")) is Code.RATE_LIMITED
            assert await refusal(node.confirm(grant.account.id, PASSWORD, address="192.0.2.1")) is Code.RATE_LIMITED
            # Whoever guesses keeps nobody out.
            await node.log_in("romeo", PASSWORD, address="192.0.2.2")
        house.clock.advance(2)
        await other.log_in("romeo", PASSWORD, address="192.0.2.1")
        assert await refusal(house.accounts.log_in("romeo", "wrong", address="192.0.2.1")) is Code.BAD_CREDENTIALS
        await house.accounts.log_in("romeo", PASSWORD, address="192.0.2.1")
    finally:
        await other.close()


async def test_a_second_login_of_a_device_ends_the_first(house: House) -> None:
    first = await house.enter()
    second = await house.accounts.log_in("romeo", PASSWORD, device_id=first.login.device_id)
    assert house.ended == [(first.account.id, first.login.device_id)]
    assert await refusal(house.accounts.check(house.accounts.verify(first.access_token))) is Code.SESSION_ENDED
    await house.accounts.check(house.accounts.verify(second.access_token))


async def test_a_banned_person_is_out_at_once_and_cannot_return(house: House) -> None:
    grant = await house.enter()
    await house.accounts.set_active(grant.account.id, False)
    assert house.ended == [(grant.account.id, grant.login.device_id)]
    assert await refusal(house.accounts.check(house.accounts.verify(grant.access_token))) is Code.SESSION_ENDED
    assert await refusal(house.accounts.refresh(grant.refresh_token)) is Code.SESSION_ENDED
    assert await refusal(house.accounts.log_in("romeo", PASSWORD)) is Code.BAD_CREDENTIALS
    await house.accounts.set_active(grant.account.id, True)
    await house.accounts.log_in("romeo", PASSWORD)


async def test_old_hashes_are_renewed_when_their_owner_logs_in() -> None:
    async with a_house() as house:
        await house.accounts.register("romeo", PASSWORD)
        before = await house.store.account_named("romeo")
        async with a_house(fast_settings(argon2_memory_kib=128)) as today:
            assert before is not None
            await today.store.add_account(before)
            await today.accounts.log_in("romeo", PASSWORD)
            after = await today.store.account_named("romeo")
            assert after is not None
            assert "m=128," in after.password_hash
            await today.accounts.log_in("romeo", PASSWORD)


# ---------------------------------------------------------------- refreshing


async def test_a_refresh_gives_new_tokens_for_the_same_login(house: House) -> None:
    first = await house.enter()
    second = await house.accounts.refresh(first.refresh_token)
    third = await house.accounts.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    identity = house.accounts.verify(third.access_token)
    assert (identity.login_id, identity.device_id) == (first.login.id, first.login.device_id)
    assert house.ended == []


async def test_a_refresh_token_used_twice_ends_the_whole_login(house: House) -> None:
    first = await house.enter()
    second = await house.accounts.refresh(first.refresh_token)
    third = await house.accounts.refresh(second.refresh_token)
    assert await refusal(house.accounts.refresh(first.refresh_token)) is Code.SESSION_ENDED
    assert await refusal(house.accounts.refresh(third.refresh_token)) is Code.SESSION_ENDED
    assert await refusal(house.accounts.check(house.accounts.verify(third.access_token))) is Code.SESSION_ENDED
    assert house.ended == [(first.account.id, first.login.device_id)]


async def test_knowing_a_login_id_ends_nobodys_login(house: House) -> None:
    grant = await house.enter()
    made_up = RefreshToken.first()._replace(login_id=grant.login.id)
    assert await refusal(house.accounts.refresh(str(made_up))) is Code.BAD_TOKEN
    await house.accounts.revoke(str(made_up))
    await house.accounts.refresh(grant.refresh_token)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "\x00", "é" * 40, "0" * 32 + "." + "A" * 22 + "." + "A" * 43])
async def test_what_is_no_refresh_token_is_refused(house: House, text: str) -> None:
    assert await refusal(house.accounts.refresh(text)) is Code.BAD_TOKEN
    await house.accounts.revoke(text)


async def test_a_login_that_was_away_too_long_has_ended(house: House) -> None:
    grant = await house.enter()
    house.clock.advance(61 * 86_400)
    assert await refusal(house.accounts.refresh(grant.refresh_token)) is Code.SESSION_ENDED


# ---------------------------------------------------------------- leaving


async def test_logging_out_ends_tokens_and_sockets_once(house: House) -> None:
    grant = await house.enter()
    identity = house.accounts.verify(grant.access_token)
    await house.accounts.log_out(identity)
    await house.accounts.log_out(identity)
    assert house.ended == [(identity.user_id, identity.device_id)]
    assert await refusal(house.accounts.check(identity)) is Code.SESSION_ENDED
    assert await refusal(house.accounts.refresh(grant.refresh_token)) is Code.SESSION_ENDED


async def test_a_spent_refresh_token_still_revokes_its_login(house: House) -> None:
    grant = await house.enter()
    await house.accounts.refresh(grant.refresh_token)
    await house.accounts.revoke(grant.refresh_token)
    assert house.ended == [(grant.account.id, grant.login.device_id)]


async def test_another_of_ones_devices_can_be_logged_out_but_nobody_elses(house: House) -> None:
    phone = await house.enter()
    laptop = await house.accounts.log_in("romeo", PASSWORD)
    stranger = await house.enter("tybalt")
    mine = house.accounts.verify(laptop.access_token)
    assert await refusal(house.accounts.end_login(mine, stranger.login.id)) is Code.NOT_FOUND
    await house.accounts.end_login(mine, phone.login.id)
    assert [one.id for one in (await house.accounts.logins(mine, "", 10))[0]] == [laptop.login.id]


# ---------------------------------------------------------------- changing


async def test_a_password_change_leaves_only_this_login(house: House) -> None:
    phone = await house.enter()
    laptop = await house.accounts.log_in("romeo", PASSWORD)
    mine = house.accounts.verify(laptop.access_token)
    fresh = await house.accounts.change_password(mine, PASSWORD, "thou, Romeo?")
    assert house.ended == [(phone.account.id, phone.login.device_id)]
    for old in (phone, laptop):
        assert await refusal(house.accounts.check(house.accounts.verify(old.access_token))) is Code.SESSION_ENDED
    await house.accounts.check(house.accounts.verify(fresh.access_token))
    assert (await house.accounts.refresh(fresh.refresh_token)).login.id == laptop.login.id
    assert await refusal(house.accounts.log_in("romeo", PASSWORD)) is Code.BAD_CREDENTIALS
    await house.accounts.log_in("romeo", "thou, Romeo?")


async def test_a_password_change_needs_the_old_one_and_a_good_new_one(house: House) -> None:
    identity = house.accounts.verify((await house.enter()).access_token)
    assert await refusal(house.accounts.change_password(identity, "wrong", "thou, Romeo?")) is Code.BAD_CREDENTIALS
    assert await refusal(house.accounts.change_password(identity, "\ud800", "thou, Romeo?")) is Code.BAD_CREDENTIALS
    assert await refusal(house.accounts.change_password(identity, PASSWORD, "short")) is Code.WEAK_PASSWORD
    await house.accounts.check(identity)


async def test_of_two_password_changes_at_once_one_is_told_it_lost(house: House) -> None:
    phone = await house.enter()
    laptop = await house.accounts.log_in("romeo", PASSWORD)
    outcomes = await asyncio.gather(
        *(
            house.accounts.change_password(house.accounts.verify(one.access_token), PASSWORD, f"thou, Romeo? {n}")
            for n, one in enumerate((phone, laptop))
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, ChatError) for one in outcomes) == 1


async def test_a_profile_is_cleaned_and_bounded(house: House) -> None:
    account = await house.accounts.register("romeo", PASSWORD)
    changed = await house.accounts.set_profile(account.id, display_name="  Romeo 🌹 ", signature=" 罗密欧 ")
    assert (changed.display_name, changed.signature) == ("Romeo 🌹", "罗密欧")
    assert (await house.accounts.set_profile(account.id, display_name=" ")).display_name == "romeo"
    for bad in ("a\x00b", "a\nb", "\u202egnp", "x" * 65, "\ud800"):
        assert await refusal(house.accounts.set_profile(account.id, display_name=bad)) is Code.BAD_REQUEST
    assert await refusal(house.accounts.set_profile(new_id(), signature="x")) is Code.USER_NOT_FOUND


# ---------------------------------------------------------------- keys


async def test_rotation_signs_with_a_new_key_and_still_knows_the_old(house: House) -> None:
    before = await house.enter()
    old_kid = house.accounts.signing.tokens.ring.signing_kid
    fresh_kid = await house.accounts.signing.rotate()
    assert fresh_kid != old_kid
    house.clock.advance(60)
    await house.accounts.signing.look()
    assert house.accounts.signing.tokens.ring.signing_kid == fresh_kid
    after = await house.accounts.refresh(before.refresh_token)
    for grant in (before, after):
        assert house.accounts.verify(grant.access_token).user_id == before.account.id
    assert len(house.accounts.jwks()["keys"]) == 2
    house.clock.advance(3 * 3600)
    await house.accounts.signing.rotate()
    house.clock.advance(3 * 3600)
    await house.accounts.signing.rotate()
    assert old_kid not in [key["kid"] for key in house.accounts.jwks()["keys"]]


async def test_a_key_signs_only_once_every_node_has_had_time_to_find_it(house: House) -> None:
    await house.accounts.register("romeo", PASSWORD)
    other = Accounts(house.store, fast_settings(), house.clock)
    await other.start()
    try:
        await other.signing.rotate()
        for _ in range(8):
            # Wherever a token is given, and whenever a node looks, it is good at the other one.
            for here, there in ((house.accounts, other), (other, house.accounts)):
                there.verify((await here.log_in("romeo", PASSWORD)).access_token)
            house.clock.advance(9)
            await (house.accounts if house.clock.now_ms() // 9000 % 3 == 0 else other).signing.look()
            house.clock.advance(1)
            await house.accounts.signing.look()
        rings = [each.signing.tokens.ring for each in (house.accounts, other)]
        assert rings[0].signing_kid == rings[1].signing_kid == rings[0].keys[0].kid
    finally:
        await other.close()


async def test_keys_that_somebody_else_has_are_taken_away_with_all_they_signed(house: House) -> None:
    before = await house.enter()
    other = Accounts(house.store, fast_settings(), house.clock)
    await other.start()
    try:
        await house.accounts.signing.rotate(drop=True)
        await other.signing.look()
        for each in (house.accounts, other):
            assert len(each.jwks()["keys"]) == 1
            with pytest.raises(ChatError) as refused:
                each.verify(before.access_token)
            assert refused.value.code is Code.BAD_TOKEN
        # Nobody has to log in again for it.
        after = await house.accounts.refresh(before.refresh_token)
        other.verify(after.access_token)
    finally:
        await other.close()


async def test_a_key_that_has_grown_old_is_replaced_by_one_node() -> None:
    async with a_house(fast_settings(key_days=30)) as house:
        await house.accounts.signing.rotate()
        before = await house.enter()
        kid = house.accounts.signing.tokens.ring.keys[0].kid
        other = Accounts(house.store, fast_settings(key_days=30), house.clock)
        await other.start()
        try:
            house.clock.advance(30 * 86_400)
            await house.accounts.signing.look()
            assert house.accounts.signing.tokens.ring.keys[0].kid == kid
            house.clock.advance(1)
            fresh = await house.accounts.refresh(before.refresh_token)
            await asyncio.gather(house.accounts.signing.look(), other.signing.look())
            house.clock.advance(60)
            for each in (house.accounts, other):
                await each.signing.look()
            assert house.accounts.signing.tokens.ring.signing_kid == other.signing.tokens.ring.signing_kid != kid
            assert other.verify(fresh.access_token).user_id == fresh.account.id
        finally:
            await other.close()


async def test_a_token_of_a_key_that_another_node_made_is_good_once_the_key_was_looked_for(house: House) -> None:
    await house.accounts.register("romeo", PASSWORD)
    elsewhere = Accounts(house.store, fast_settings(), house.clock)
    await elsewhere.start()
    try:
        await elsewhere.signing.rotate(drop=True)
        token = (await elsewhere.log_in("romeo", PASSWORD)).access_token
        with pytest.raises(ChatError) as refused:
            house.accounts.verify(token)
        assert refused.value.code is Code.BAD_TOKEN
        await house.accounts.signing.look()
        house.accounts.verify(token)
    finally:
        await elsewhere.close()


async def test_a_token_outlives_a_restart(house: House) -> None:
    grant = await house.enter()
    again = type(house.accounts)(house.store, fast_settings(), house.clock)
    await again.start()
    assert again.verify(grant.access_token).user_id == grant.account.id
    await again.close()


# ---------------------------------------------------------------- setting up


async def test_the_setup_token_makes_one_admin(house: House) -> None:
    token = await house.accounts.setup_token()
    assert token is not None
    admin = await house.accounts.set_up(token, "prince", PASSWORD, " Verona ")
    assert admin.is_admin
    assert (await house.accounts.place()).name == "Verona"
    assert house.registered == [admin.id]
    assert house.accounts.verify((await house.accounts.log_in("prince", PASSWORD)).access_token).is_admin
    assert await refusal(house.accounts.set_up(token, "other", PASSWORD, "x")) is Code.SETUP_DONE
    assert await house.accounts.setup_token() is None


async def test_a_restart_makes_the_earlier_setup_token_worthless(house: House) -> None:
    first, second = await house.accounts.setup_token(), await house.accounts.setup_token()
    assert first is not None
    assert second is not None
    for wrong in (first, "", "é", "x" * 1000):
        assert await refusal(house.accounts.set_up(wrong, "prince", PASSWORD, "")) is Code.BAD_SETUP_TOKEN
    await house.accounts.set_up(second, "prince", PASSWORD, "")
    assert (await house.accounts.place()).name == "Hubbub"


async def test_a_mistake_in_the_form_does_not_spend_the_setup_token(house: House) -> None:
    token = await house.accounts.setup_token()
    assert token is not None
    assert await refusal(house.accounts.set_up(token, "p", PASSWORD, "")) is Code.BAD_USERNAME
    assert await refusal(house.accounts.set_up(token, "prince", "short", "")) is Code.WEAK_PASSWORD
    await house.accounts.set_up(token, "prince", PASSWORD, "")


async def test_of_two_who_open_the_setup_link_one_becomes_admin(house: House) -> None:
    token = await house.accounts.setup_token()
    assert token is not None
    outcomes = await asyncio.gather(
        *(house.accounts.set_up(token, name, PASSWORD, "") for name in ("prince", "friar")), return_exceptions=True
    )
    assert sum(isinstance(one, ChatError) and one.code is Code.SETUP_DONE for one in outcomes) == 1


async def test_the_first_start_makes_a_key_and_later_ones_keep_it() -> None:
    store = MemoryAccounts()
    kids = []
    for _ in range(2):
        accounts = Accounts(store, fast_settings(), ManualClock())
        await accounts.start()
        kids.append(accounts.signing.tokens.ring.signing_kid)
        await accounts.close()
    assert kids[0] == kids[1]


async def test_each_sign_in_and_each_failure_is_in_the_log_without_what_was_typed(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hubbub.auth")
    grant = await house.enter()
    for name, password in (("romeo", "my old one"), ("hunter2hunter2", "romeo")):
        with pytest.raises(ChatError):
            await house.accounts.log_in(name, password, address="203.0.113.9")
    await house.accounts.refresh(grant.refresh_token)
    with pytest.raises(ChatError):
        await house.accounts.refresh(grant.refresh_token, address="203.0.113.9")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"{grant.account.id} signed in from  with login {grant.login.id}",
        f"wrong password for {grant.account.id} from 203.0.113.9",
        "wrong password for nobody from 203.0.113.9",
        f"a refresh token of {grant.account.id} was used twice, from 203.0.113.9: login {grant.login.id} ended",
    ]
