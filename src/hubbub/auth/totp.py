"""Codes that change every half minute (RFC 6238), and recovery codes for who has lost what shows them.

Pure: secrets come in as bytes and the time as milliseconds.  Six digits, SHA-1 and steps of 30 seconds, because that is
what every authenticator app knows.  It does not remember which code was used; whoever keeps the secret does.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

from hubbub.auth.refresh import digest

__all__ = [
    "RECOVERY_CODES",
    "code_at",
    "matching_step",
    "new_recovery_codes",
    "new_secret",
    "otpauth_uri",
    "recovery_hash",
    "shown_secret",
    "step_of",
]

RECOVERY_CODES = 10

_STEP_MS = 30_000
_DIGITS = 6
_SECRET_BYTES = 20
"""RFC 4226 section 4: "The length of the shared secret MUST be at least 128 bits" and 160 are recommended."""

_DRIFT = 1
"""RFC 6238 section 5.2 recommends at most one time step for delay; this allows one to either side."""

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_RECOVERY = re.compile(r"[a-z2-7]{16}", re.ASCII)


def new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """Return a secret as people type it into an app: base32, in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def otpauth_uri(secret: bytes, *, issuer: str, username: str) -> str:
    """Return what an app reads from a QR code."""
    # A colon stands between the two, so neither may have one.
    label = quote(f"{issuer.replace(':', ' ')}:{username}", safe="")
    asked = {"secret": base64.b32encode(secret).decode(), "issuer": issuer.replace(":", " ")}
    return f"otpauth://totp/{label}?{urlencode(asked, quote_via=quote)}"


def step_of(now_ms: int) -> int:
    """Return the number of the half minute a time is in (RFC 6238 section 4.2)."""
    return now_ms // _STEP_MS


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step (RFC 4226 section 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def matching_step(secret: bytes, code: str, now_ms: int, *, after: int) -> int | None:
    """Return the step a code belongs to, if that is about now and later than `after`.

    RFC 6238 section 5.2: "The verifier MUST NOT accept the second attempt of the OTP after the successful validation
    has been issued for the first OTP".
    """
    typed = "".join(code.split())
    if not _CODE.fullmatch(typed):
        return None
    now = step_of(now_ms)
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(secret, step), typed):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Return fresh recovery codes, as they are shown: 80 random bits each."""
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def recovery_hash(code: str) -> bytes | None:
    """Return what is stored of a recovery code, however it was typed; None for what cannot be one."""
    plain = "".join(code[:64].lower().replace("-", " ").split())
    return digest(plain) if _RECOVERY.fullmatch(plain) else None
