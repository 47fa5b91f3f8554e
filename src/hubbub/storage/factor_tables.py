"""The tables of the second step: authenticator apps, recovery codes, passkeys, steps on the way, arrivals.

Whose account somewhere else is whose here is in them as well.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.storage.client_tables import Hash
from hubbub.storage.schema import BigInt, Bytes, Flag, Id, LongText, Ms, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


totps = Table(
    "totps",
    metadata,
    Column("user_id", Id, primary_key=True),
    _required("secret", LargeBinary(64)),
    _required("created_ms", Ms),
    _required("confirmed", Flag),
    _required("last_step", BigInt),
    **_CLUSTERED,
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("code_hash", Hash, primary_key=True),
    **_CLUSTERED,
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Id, primary_key=True),
    _required("user_id", Id),
    # What the credential calls itself may be longer than a key of a table.
    _required("credential_hash", Hash, unique=True),
    _required("credential_id", Bytes),
    _required("public_key", Bytes),
    _required("sign_count", BigInt),
    _required("name", key_text(255)),
    _required("created_ms", Ms),
    _required("used_ms", Ms),
    Index("ix_passkeys_user", "user_id", "id"),
    **_CLUSTERED,
)

steps = Table(
    "sign_in_steps",
    metadata,
    Column("step_hash", Hash, primary_key=True),
    _required("kind", key_text(32)),
    Column("user_id", Id),
    _required("data", LongText),
    _required("expires_ms", Ms),
    Index("ix_sign_in_steps_expires", "expires_ms"),
    **_CLUSTERED,
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("id", Id, primary_key=True),
    _required("user_id", Id),
    _required("device_name", key_text(255)),
    _required("address", key_text(64)),
    _required("time_ms", Ms),
    Index("ix_arrivals_user", "user_id", "time_ms"),
    **_CLUSTERED,
)

foreign_accounts = Table(
    "foreign_accounts",
    metadata,
    # SHA-256 of the issuer and the subject, which may be as long as they like.
    Column("name_hash", Hash, primary_key=True),
    _required("user_id", Id),
    _required("issuer", LongText),
    _required("subject", LongText),
    _required("created_ms", Ms),
    Index("ix_foreign_accounts_user", "user_id"),
    **_CLUSTERED,
)
