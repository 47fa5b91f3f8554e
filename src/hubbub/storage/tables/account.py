"""The tables of accounts: people, their logins, the keys that sign tokens, and the place itself.

Nothing secret lies here in the clear but the signing keys, which the server must be able to use: passwords are argon2id
hashes, refresh and set-up tokens are hashes of random values.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, false
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

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    required("username", key_text(64)),
    # The name as it is compared.  Folding may make a letter three.
    required("username_key", key_text(128), unique=True),
    required("display_name", key_text(255)),
    required("signature", LongText),
    required("bot", Flag),
    required("is_admin", Flag),
    required("active", Flag),
    required("password_hash", key_text(255)),
    required("auth_epoch", BigInt),
    required("created_ms", Ms),
    required("last_seen_ms", Ms),
    required("welcomed", Flag),
    # The defaults are what a program that knew nothing of them writes.
    required("pending", Flag, server_default=false()),
    required("email", key_text(255), server_default=""),
    required("email_key", key_text(255), server_default=""),
    required("deleted_ms", Ms, server_default="0"),
    required("recall_left", Flag, server_default=false()),
    required("avatar", key_text(32), server_default=""),
    Index("ix_users_pending", "pending", "id"),
    Index("ix_users_email", "email_key"),
    Index("ix_users_recall", "recall_left", "id"),
    # The defaults are what a program that knew no roles writes: a member, not banned.
    required("roles", key_text(400), server_default=""),
    required("granted", key_text(700), server_default=""),
    required("banned_until_ms", Ms, server_default="0"),
    Index("ix_users_banned", "banned_until_ms", "id"),
    # The default is what a program writes that knew no mutes.
    required("muted_until_ms", Ms, server_default="0"),
    Index("ix_users_muted", "muted_until_ms", "id"),
    **CLUSTERED,
)

logins = Table(
    "logins",
    metadata,
    Column("id", Id, primary_key=True),
    required("user_id", Id),
    required("device_id", Id),
    required("device_name", key_text(255)),
    required("family_hash", LargeBinary(32)),
    required("refresh_hash", LargeBinary(32)),
    required("created_ms", Ms),
    required("used_ms", Ms),
    # 0 while it lasts.
    required("ended_ms", Ms),
    # The defaults are what a program that knew no clients writes: a login of this server's own.
    required("client_id", key_text(64), server_default=""),
    required("scope", key_text(255), server_default=""),
    required("until_ms", Ms, server_default="0"),
    Index("ix_logins_user", "user_id", "ended_ms", "id"),
    Index("ix_logins_ended", "ended_ms", "id"),
    Index("ix_logins_client", "client_id", "ended_ms", "id"),
    **CLUSTERED,
)

join_codes = Table(
    "join_codes",
    metadata,
    Column("code", key_text(64), primary_key=True),
    required("created_by", Id),
    required("created_ms", Ms),
    # 0: never.
    required("expires_ms", Ms),
    # -1: without end.
    required("uses_left", BigInt),
    required("note", LongText),
    **CLUSTERED,
)

mail_links = Table(
    "mail_links",
    metadata,
    Column("hash", LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb"), primary_key=True),
    required("user_id", Id),
    required("purpose", key_text(16)),
    required("email", key_text(255)),
    required("email_key", key_text(255)),
    required("auth_epoch", BigInt),
    required("created_ms", Ms),
    required("until_ms", Ms),
    Index("ix_mail_links_user", "user_id", "purpose", "created_ms"),
    Index("ix_mail_links_until", "until_ms"),
    **CLUSTERED,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", key_text(64), primary_key=True),
    required("private_pem", LongText),
    required("created_ms", Ms),
    required("retired_ms", Ms),
)

place = Table(
    "place",
    metadata,
    # There is one place: the row with id 1.
    Column("id", SmallInt, primary_key=True, autoincrement=False),
    required("name", key_text(255)),
    required("setup_hash", LargeBinary(32)),
    required("set_up_ms", Ms),
)
