"""What devices are asked for passkeys, and whether what they answer is good: WebAuthn, by a library.

No state, no I/O.  It takes a while to load, so `passkeys` does that when the first person needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hubbub.auth.factor_ports import Passkey
from hubbub.auth.ports import Account
from hubbub.base.errors import ChatError, Code

__all__ = ["Made", "answered", "authentication", "registered", "registration"]

_BAD = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError)
"""What the library raises for answers it cannot read."""


class Made(msgspec.Struct, frozen=True):
    """The public half of a key that was made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def registration(domain: str, place: str, account: Account, known: Sequence[bytes]) -> tuple[str, str]:
    """Return a challenge, and what the device is asked, to make a key other than those known."""
    options = generate_registration_options(
        rp_id=domain,
        rp_name=place,
        user_id=bytes.fromhex(account.id),
        user_name=account.username,
        user_display_name=account.display_name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return bytes_to_base64url(options.challenge), options_to_json(options)


def registered(answer: dict[str, Any], challenge: bytes, domain: str, origins: list[str]) -> Made:
    """Return the key that was made for a challenge.  Raises ChatError(BAD_PASSKEY)."""
    try:
        made = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=domain, expected_origin=origins
        )
    except _BAD as error:
        raise ChatError(Code.BAD_PASSKEY) from error
    return Made(made.credential_id, made.credential_public_key, made.sign_count)


def authentication(domain: str, allowed: Sequence[bytes], *, alone: bool) -> tuple[str, str]:
    """Return a challenge, and what the device is asked; `alone`: it must check who unlocks it."""
    options = generate_authentication_options(
        rp_id=domain,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allowed] or None,
        user_verification=UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED,
    )
    return bytes_to_base64url(options.challenge), options_to_json(options)


def answered(
    answer: dict[str, Any], challenge: bytes, domain: str, origins: list[str], passkey: Passkey, *, alone: bool
) -> int:
    """Return the count of signatures that an answer says.  Raises ChatError(BAD_PASSKEY)."""
    try:
        proof = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=domain,
            expected_origin=origins,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=alone,
        )
    except _BAD as error:
        raise ChatError(Code.BAD_PASSKEY) from error
    return proof.new_sign_count
