"""The tables of accounts: people, their logins, the keys that sign tokens, and the place itself.

Nothing secret lies here in the clear but the signing keys, which the server must be able to use: passwords are argon2id
hashes, refresh and set-up tokens are hashes of random values.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table, false
from sqlalchemy.dialects import mysql

from hubbub.storage.schema import BigInt, Flag, Id, LongText, Ms, SmallInt, key_text, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    _required("username", key_text(64)),
    # The name as it is compared.  Folding may make a letter three.
    _required("username_key", key_text(128), unique=True),
    _required("display_name", key_text(255)),
    _required("signature", LongText),
    _required("bot", Flag),
    _required("is_admin", Flag),
    _required("active", Flag),
    _required("password_hash", key_text(255)),
    _required("auth_epoch", BigInt),
    _required("created_ms", Ms),
    _required("last_seen_ms", Ms),
    _required("welcomed", Flag),
    # The defaults are what a program that knew nothing of them writes.
    _required("pending", Flag, server_default=false()),
    _required("email", key_text(255), server_default=""),
    _required("email_key", key_text(255), server_default=""),
    _required("deleted_ms", Ms, server_default="0"),
    _required("recall_left", Flag, server_default=false()),
    _required("avatar", key_text(32), server_default=""),
    Index("ix_users_pending", "pending", "id"),
    Index("ix_users_email", "email_key"),
    Index("ix_users_recall", "recall_left", "id"),
    # The defaults are what a program that knew no roles writes: a member, not banned.
    _required("roles", key_text(400), server_default=""),
    _required("granted", key_text(700), server_default=""),
    _required("banned_until_ms", Ms, server_default="0"),
    Index("ix_users_banned", "banned_until_ms", "id"),
    # The default is what a program writes that knew no mutes.
    _required("muted_until_ms", Ms, server_default="0"),
    Index("ix_users_muted", "muted_until_ms", "id"),
    **_CLUSTERED,
)

logins = Table(
    "logins",
    metadata,
    Column("id", Id, primary_key=True),
    _required("user_id", Id),
    _required("device_id", Id),
    _required("device_name", key_text(255)),
    _required("family_hash", LargeBinary(32)),
    _required("refresh_hash", LargeBinary(32)),
    _required("created_ms", Ms),
    _required("used_ms", Ms),
    # 0 while it lasts.
    _required("ended_ms", Ms),
    # The defaults are what a program that knew no clients writes: a login of this server's own.
    _required("client_id", key_text(64), server_default=""),
    _required("scope", key_text(255), server_default=""),
    _required("until_ms", Ms, server_default="0"),
    Index("ix_logins_user", "user_id", "ended_ms", "id"),
    Index("ix_logins_ended", "ended_ms", "id"),
    Index("ix_logins_client", "client_id", "ended_ms", "id"),
    **_CLUSTERED,
)

join_codes = Table(
    "join_codes",
    metadata,
    Column("code", key_text(64), primary_key=True),
    _required("created_by", Id),
    _required("created_ms", Ms),
    # 0: never.
    _required("expires_ms", Ms),
    # -1: without end.
    _required("uses_left", BigInt),
    _required("note", LongText),
    **_CLUSTERED,
)

mail_links = Table(
    "mail_links",
    metadata,
    Column("hash", LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb"), primary_key=True),
    _required("user_id", Id),
    _required("purpose", key_text(16)),
    _required("email", key_text(255)),
    _required("email_key", key_text(255)),
    _required("auth_epoch", BigInt),
    _required("created_ms", Ms),
    _required("until_ms", Ms),
    Index("ix_mail_links_user", "user_id", "purpose", "created_ms"),
    Index("ix_mail_links_until", "until_ms"),
    **_CLUSTERED,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", key_text(64), primary_key=True),
    _required("private_pem", LongText),
    _required("created_ms", Ms),
    _required("retired_ms", Ms),
)

place = Table(
    "place",
    metadata,
    # There is one place: the row with id 1.
    Column("id", SmallInt, primary_key=True, autoincrement=False),
    _required("name", key_text(255)),
    _required("setup_hash", LargeBinary(32)),
    _required("set_up_ms", Ms),
)
