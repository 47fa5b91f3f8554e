"""The tables of the second step: authenticator apps, recovery codes, passkeys, steps on the way, arrivals.

Whose account somewhere else is whose here is in them as well.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

from hubbub.storage.tables.client import Hash
from hubbub.storage.tables.schema import CLUSTERED, BigInt, Bytes, Flag, Id, LongText, Ms, key_text, metadata, required

totps = Table(
    "totps",
    metadata,
    Column("user_id", Id, primary_key=True),
    required("secret", LargeBinary(64)),
    required("created_ms", Ms),
    required("confirmed", Flag),
    required("last_step", BigInt),
    **CLUSTERED,
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("code_hash", Hash, primary_key=True),
    **CLUSTERED,
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Id, primary_key=True),
    required("user_id", Id),
    # What the credential calls itself may be longer than a key of a table.
    required("credential_hash", Hash, unique=True),
    required("credential_id", Bytes),
    required("public_key", Bytes),
    required("sign_count", BigInt),
    required("name", key_text(255)),
    required("created_ms", Ms),
    required("used_ms", Ms),
    Index("ix_passkeys_user", "user_id", "id"),
    **CLUSTERED,
)

steps = Table(
    "sign_in_steps",
    metadata,
    Column("step_hash", Hash, primary_key=True),
    required("kind", key_text(32)),
    Column("user_id", Id),
    required("data", LongText),
    required("expires_ms", Ms),
    Index("ix_sign_in_steps_expires", "expires_ms"),
    **CLUSTERED,
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("id", Id, primary_key=True),
    required("user_id", Id),
    required("device_name", key_text(255)),
    required("address", key_text(64)),
    required("time_ms", Ms),
    Index("ix_arrivals_user", "user_id", "time_ms"),
    **CLUSTERED,
)

foreign_accounts = Table(
    "foreign_accounts",
    metadata,
    # SHA-256 of the issuer and the subject, which may be as long as they like.
    Column("name_hash", Hash, primary_key=True),
    required("user_id", Id),
    required("issuer", LongText),
    required("subject", LongText),
    required("created_ms", Ms),
    Index("ix_foreign_accounts_user", "user_id"),
    **CLUSTERED,
)
