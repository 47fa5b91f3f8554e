"""The tables of the authorization server: clients, consents, codes, and devices that ask to be let in.

Secrets, codes and device codes are hashes of random values here.  A user code is not: it is short, lives for minutes,
and lets nobody in by itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table
from sqlalchemy.dialects import mysql

from hubbub.storage.schema import BigInt, Flag, Id, LongText, Ms, SmallInt, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}

Hash = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
"""A SHA-256 that is a key: MySQL's BLOBs cannot be one."""


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


clients = Table(
    "clients",
    metadata,
    Column("id", key_text(64), primary_key=True),
    _required("name", key_text(255)),
    _required("created_ms", Ms),
    _required("secret_hash", LargeBinary(32)),
    # Lists, as JSON.
    _required("redirect_uris", LongText),
    _required("logout_uris", LongText),
    _required("grants", LongText),
    _required("scopes", LongText),
    Column("user_id", Id),
    _required("trusted", Flag),
    _required("resource_server", Flag),
    **_CLUSTERED,
)

consents = Table(
    "consents",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("client_id", key_text(64), primary_key=True),
    _required("scope", key_text(255)),
    _required("granted_ms", Ms),
    Index("ix_consents_client", "client_id"),
    **_CLUSTERED,
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("code_hash", Hash, primary_key=True),
    _required("client_id", key_text(64)),
    _required("user_id", Id),
    _required("redirect_uri", LongText),
    _required("scope", key_text(255)),
    _required("nonce", LongText),
    _required("challenge", key_text(64)),
    _required("auth_epoch", BigInt),
    _required("auth_ms", Ms),
    _required("expires_ms", Ms),
    Column("login_id", Id),
    Index("ix_authorization_codes_client", "client_id"),
    Index("ix_authorization_codes_expires", "expires_ms"),
    **_CLUSTERED,
)

device_requests = Table(
    "device_requests",
    metadata,
    Column("device_hash", Hash, primary_key=True),
    _required("user_code", key_text(16), unique=True),
    _required("client_id", key_text(64)),
    _required("scope", key_text(255)),
    _required("device_name", key_text(255)),
    _required("expires_ms", Ms),
    _required("interval_ms", BigInt),
    _required("polled_ms", Ms),
    _required("state", SmallInt),
    Column("user_id", Id),
    _required("auth_epoch", BigInt),
    Index("ix_device_requests_client", "client_id"),
    Index("ix_device_requests_expires", "expires_ms"),
    **_CLUSTERED,
)
