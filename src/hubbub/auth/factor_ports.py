"""What the second step of signing in keeps: secrets of authenticator apps, recovery codes, passkeys, steps on the way.

As in `ports`, each method is one transaction, because what must happen once (a code is used, a step is spent) is
decided inside one.  Recovery codes and the names of steps are random, and only their hashes are stored; the secret of
an app must be known to check what it shows, and lies here in the clear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from hubbub.auth.failures import FailureStore

__all__ = ["Arrival", "FactorStore", "ForeignAccount", "Passkey", "Step", "Totp", "foreign_hash"]


class Totp(msgspec.Struct, frozen=True):
    """A person's authenticator app."""

    user_id: str
    secret: bytes
    created_ms: int
    confirmed: bool = False
    """Whether the person has shown a code of it; before that it is asked of nobody."""
    last_step: int = 0
    """The step of the last code that was used; no code up to it is good."""


class Passkey(msgspec.Struct, frozen=True):
    """A key pair of a person's device, of which this is the public half (WebAuthn)."""

    id: str
    user_id: str
    credential_hash: bytes
    """SHA-256 of the credential's own id, which may be a thousand bytes long."""
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_ms: int
    used_ms: int = 0


class Step(msgspec.Struct, frozen=True):
    """Something a person has begun and will go on with in a moment: a password was right, a challenge was given."""

    step_hash: bytes
    kind: str
    user_id: str
    """Empty while it is not known who it is."""
    data: str
    """What the next request must know, as JSON."""
    expires_ms: int


class Arrival(msgspec.Struct, frozen=True):
    """A person signed in from a device they had not used before."""

    id: str
    """Of the login it was."""
    user_id: str
    device_name: str
    address: str
    time_ms: int


class ForeignAccount(msgspec.Struct, frozen=True):
    """Who somebody is somewhere else: a subject, which an issuer gives to one person and to nobody after them."""

    name_hash: bytes
    """SHA-256 of both, which may be as long as they like."""
    user_id: str
    issuer: str
    subject: str
    created_ms: int


def foreign_hash(issuer: str, subject: str) -> bytes:
    """Return the name by which a foreign account is kept."""
    return hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode()).digest()


class FactorStore(FailureStore, Protocol):
    """Everything the second step keeps."""

    async def has_factor(self, user_id: str) -> bool:
        """Whether this person has a confirmed app, or a passkey."""

    async def reset(self, user_id: str, *, within: frozenset[str]) -> bool:
        """Remove the app, the passkeys and the recovery codes of somebody; False when there was nothing.

        `within` is what whoever asks may do themselves.  Raises ChatError with USER_NOT_FOUND, or FORBIDDEN for
        somebody who may do more.
        """

    async def forget(self, user_id: str) -> None:
        """Remove all that is kept of a person who is gone."""

    # ------------------------------------------------------------ apps

    async def totp(self, user_id: str) -> Totp | None: ...

    async def offer_totp(self, totp: Totp) -> bool:
        """Keep an app that is not confirmed yet, in place of any other such; False when there is a confirmed one."""

    async def confirm_totp(self, user_id: str, secret: bytes, step: int) -> bool:
        """Confirm the app with this secret by a code of `step`; False when there is none that waits."""

    async def use_step(self, user_id: str, secret: bytes, step: int) -> bool:
        """Use the code of a step; False when it, or a later one, was used, or the secret is another by now."""

    async def drop_totp(self, user_id: str) -> bool:
        """Forget a person's app; False when there was none."""

    # ------------------------------------------------------------ recovery codes

    async def recovery_codes_left(self, user_id: str) -> int: ...

    async def set_recovery_codes(self, user_id: str, hashes: Sequence[bytes]) -> None:
        """Make these a person's recovery codes, and no others."""

    async def use_recovery_code(self, user_id: str, code_hash: bytes) -> bool:
        """Use a code, once; False when it is none of this person's."""

    # ------------------------------------------------------------ passkeys

    async def add_passkey(self, passkey: Passkey, *, most: int) -> bool:
        """Insert a passkey; False when its credential is known, or the person has `most` already."""

    async def passkeys(self, user_id: str) -> list[Passkey]:
        """Return a person's passkeys, by id."""

    async def passkey(self, credential_hash: bytes) -> Passkey | None: ...

    async def use_passkey(self, passkey_id: str, *, before: int, sign_count: int, now_ms: int) -> bool:
        """Note a use, if the count is still `before`; False otherwise."""

    async def name_passkey(self, user_id: str, passkey_id: str, name: str) -> Passkey | None: ...

    async def drop_passkey(self, user_id: str, passkey_id: str) -> bool: ...

    # ------------------------------------------------------------ steps

    async def add_step(self, step: Step) -> None: ...

    async def step(self, step_hash: bytes) -> Step | None: ...

    async def spend_step(self, step_hash: bytes) -> Step | None:
        """Remove a step and return it, once; None when there is none."""

    async def drop_steps(self, before_ms: int) -> None:
        """Remove steps that ended before then, and counts of guesses that have all come back."""

    # ------------------------------------------------------------ guesses

    async def take_guess(self, name_hash: bytes, *, per_hour: float, burst: float, now_ms: int) -> float:
        """Spend one of the guesses of this name; return how long to wait, in seconds, or 0 where one was left.

        They come back at a steady rate, up to `burst`.  The count is one for all nodes, and a guess that waits spends
        nothing.
        """

    # ------------------------------------------------------------ arrivals

    async def knows_device(self, user_id: str, device_id: str) -> bool:
        """Whether this person ever logged in with that device."""

    async def note_arrival(self, arrival: Arrival, device_id: str, *, settled_ms: int, keep: int) -> bool:
        """Keep an arrival if it is one, and at most `keep` of a person; return whether it is.

        It is one if no other login of this person was on that device, and some other login began before `settled_ms`:
        who has only just come has no old device from which to wonder about a new one.
        """

    async def arrivals(self, user_id: str, limit: int) -> list[Arrival]:
        """Return a person's arrivals, newest first."""

    async def drop_arrival(self, user_id: str, arrival_id: str) -> bool: ...

    # ------------------------------------------------------------ accounts somewhere else

    async def foreign_account(self, name_hash: bytes) -> ForeignAccount | None: ...

    async def foreign_accounts(self, user_id: str) -> list[ForeignAccount]:
        """Return a person's accounts somewhere else, oldest first."""

    async def link_account(self, account: ForeignAccount) -> bool:
        """Keep whose it is; False when it is somebody's already."""

    async def unlink_account(self, user_id: str, name_hash: bytes) -> bool: ...
