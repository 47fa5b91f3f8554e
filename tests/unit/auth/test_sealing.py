"""Signing keys in the database say nothing to whoever has the database alone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from unit.auth.people import PASSWORD, a_house, a_key, fast_settings

from hubbub.auth.accounts import Accounts
from hubbub.auth.sealing import CannotOpen, Seal
from hubbub.auth.settings import AuthSettings

OLD, NEW = "o" * 43, "n" * 43


def settings(folder: Path, *secrets: str) -> AuthSettings:
    path = folder / f"{len(list(folder.iterdir()))}"
    path.write_text("\n".join(secrets) + "\n", "utf-8")
    return fast_settings(keys_secret_file=str(path))


async def test_keys_made_with_a_secret_are_sealed_and_those_from_before_go_on(tmp_path: Path) -> None:
    async with a_house(settings(tmp_path, OLD)) as house:
        before = await house.enter()
        await house.accounts.signing.rotate()
        house.clock.advance(60)
        await house.accounts.signing.look()
        after = await house.accounts.refresh(before.refresh_token)
        fresh, first = await house.store.signing_keys()
        assert "PRIVATE KEY" in first.private_pem, "it was there before there was a secret"
        assert fresh.private_pem.startswith("sealed:1:")
        assert "PRIVATE KEY" not in fresh.private_pem
        assert "d" not in house.accounts.jwks()["keys"][0]

        # The secret is replaced: each node reads with both, and what is new is sealed with the first.
        other = Accounts(house.store, settings(tmp_path, NEW, OLD), house.clock)
        await other.start()
        for grant in (before, after):
            assert other.verify(grant.access_token).user_id == before.account.id
        await other.signing.rotate()
        await other.close()
        for secrets in ((OLD,), (NEW,), ()):
            blind = Accounts(house.store, settings(tmp_path, *secrets) if secrets else fast_settings(), house.clock)
            with pytest.raises(CannotOpen, match="keys_secret_file"):
                await blind.start()
            await blind.close()


def test_a_sealed_key_is_good_under_its_own_name_alone() -> None:
    seal, key = Seal([OLD]), a_key()
    sealed = seal.close(key.kid, key.private_pem)
    assert seal.open(key.kid, sealed) == key.private_pem
    assert seal.close(key.kid, key.private_pem) != sealed, "no nonce comes twice"
    for kid, stored in (("other", sealed), (key.kid, sealed[:-8] + "AAAAAAA="), (key.kid, "sealed:1:?")):
        with pytest.raises(CannotOpen):
            seal.open(kid, stored)


@pytest.mark.parametrize("content", ["", "short", f"{OLD}\nshort", None])
def test_a_file_that_seals_nothing_well_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(CannotOpen, match="keys_secret_file"):
        Seal.of_file(str(path))


async def test_without_a_secret_keys_are_stored_as_they_are() -> None:
    async with a_house() as house:
        await house.accounts.signing.rotate()
        fresh, *_ = await house.store.signing_keys()
        assert fresh == msgspec.structs.replace(fresh, private_pem=Seal().open(fresh.kid, fresh.private_pem))
        assert "PRIVATE KEY" in fresh.private_pem
        await house.accounts.register("romeo", PASSWORD)
