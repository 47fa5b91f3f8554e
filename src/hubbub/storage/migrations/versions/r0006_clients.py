"""The authorization server: clients, consents, codes, devices that ask; and which client a login is of.

New tables, which a program of the version before never looks at, and columns of `logins` whose defaults are what it
means by a login: one of this server's own clients.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, SmallInt, key_text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_HASH = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")


def upgrade() -> None:
    op.add_column("logins", sa.Column("client_id", key_text(64), nullable=False, server_default=""))
    op.add_column("logins", sa.Column("scope", key_text(255), nullable=False, server_default=""))
    op.add_column("logins", sa.Column("until_ms", BigInt, nullable=False, server_default="0"))
    op.create_index("ix_logins_client", "logins", ["client_id", "ended_ms", "id"], unique=False)
    op.create_table(
        "clients",
        sa.Column("id", key_text(64), nullable=False),
        sa.Column("name", key_text(255), nullable=False),
        sa.Column("created_ms", BigInt, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("redirect_uris", LongText, nullable=False),
        sa.Column("logout_uris", LongText, nullable=False),
        sa.Column("grants", LongText, nullable=False),
        sa.Column("scopes", LongText, nullable=False),
        sa.Column("user_id", Id(), nullable=True),
        sa.Column("trusted", Flag, nullable=False),
        sa.Column("resource_server", Flag, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consents",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("client_id", key_text(64), nullable=False),
        sa.Column("scope", key_text(255), nullable=False),
        sa.Column("granted_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_consents")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_consents_client", "consents", ["client_id"], unique=False)
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", _HASH, nullable=False),
        sa.Column("client_id", key_text(64), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("redirect_uri", LongText, nullable=False),
        sa.Column("scope", key_text(255), nullable=False),
        sa.Column("nonce", LongText, nullable=False),
        sa.Column("challenge", key_text(64), nullable=False),
        sa.Column("auth_epoch", BigInt, nullable=False),
        sa.Column("auth_ms", BigInt, nullable=False),
        sa.Column("expires_ms", BigInt, nullable=False),
        sa.Column("login_id", Id(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_authorization_codes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_authorization_codes_client", "authorization_codes", ["client_id"], unique=False)
    op.create_index("ix_authorization_codes_expires", "authorization_codes", ["expires_ms"], unique=False)
    op.create_table(
        "device_requests",
        sa.Column("device_hash", _HASH, nullable=False),
        sa.Column("user_code", key_text(16), nullable=False),
        sa.Column("client_id", key_text(64), nullable=False),
        sa.Column("scope", key_text(255), nullable=False),
        sa.Column("device_name", key_text(255), nullable=False),
        sa.Column("expires_ms", BigInt, nullable=False),
        sa.Column("interval_ms", BigInt, nullable=False),
        sa.Column("polled_ms", BigInt, nullable=False),
        sa.Column("state", SmallInt, nullable=False),
        sa.Column("user_id", Id(), nullable=True),
        sa.Column("auth_epoch", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("device_hash", name=op.f("pk_device_requests")),
        sa.UniqueConstraint("user_code", name=op.f("uq_device_requests_user_code")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_requests_client", "device_requests", ["client_id"], unique=False)
    op.create_index("ix_device_requests_expires", "device_requests", ["expires_ms"], unique=False)
