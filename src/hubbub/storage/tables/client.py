"""The tables of the authorization server: clients, consents, codes, and devices that ask to be let in.

Secrets, codes and device codes are hashes of random values here.  A user code is not: it is short, lives for minutes,
and lets nobody in by itself.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table
from sqlalchemy.dialects import mysql

from hubbub.storage.tables.schema import (
    CLUSTERED,
    BigInt,
    Flag,
    Id,
    LongText,
    Ms,
    SmallInt,
    key_text,
    metadata,
    required,
)

Hash = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
"""A SHA-256 that is a key: MySQL's BLOBs cannot be one."""


clients = Table(
    "clients",
    metadata,
    Column("id", key_text(64), primary_key=True),
    required("name", key_text(255)),
    required("created_ms", Ms),
    required("secret_hash", LargeBinary(32)),
    # Lists, as JSON.
    required("redirect_uris", LongText),
    required("logout_uris", LongText),
    required("grants", LongText),
    required("scopes", LongText),
    Column("user_id", Id),
    required("trusted", Flag),
    required("resource_server", Flag),
    **CLUSTERED,
)

consents = Table(
    "consents",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("client_id", key_text(64), primary_key=True),
    required("scope", key_text(255)),
    required("granted_ms", Ms),
    Index("ix_consents_client", "client_id"),
    **CLUSTERED,
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("code_hash", Hash, primary_key=True),
    required("client_id", key_text(64)),
    required("user_id", Id),
    required("redirect_uri", LongText),
    required("scope", key_text(255)),
    required("nonce", LongText),
    required("challenge", key_text(64)),
    required("auth_epoch", BigInt),
    required("auth_ms", Ms),
    required("expires_ms", Ms),
    Column("login_id", Id),
    Index("ix_authorization_codes_client", "client_id"),
    Index("ix_authorization_codes_expires", "expires_ms"),
    **CLUSTERED,
)

device_requests = Table(
    "device_requests",
    metadata,
    Column("device_hash", Hash, primary_key=True),
    required("user_code", key_text(16), unique=True),
    required("client_id", key_text(64)),
    required("scope", key_text(255)),
    required("device_name", key_text(255)),
    required("expires_ms", Ms),
    required("interval_ms", BigInt),
    required("polled_ms", Ms),
    required("state", SmallInt),
    Column("user_id", Id),
    required("auth_epoch", BigInt),
    Index("ix_device_requests_client", "client_id"),
    Index("ix_device_requests_expires", "expires_ms"),
    **CLUSTERED,
)
