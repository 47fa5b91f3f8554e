"""Accounts that wait to be let in, codes, proved addresses and the links mailed to them, deleted accounts, pictures.

New tables, and columns with the values a program of the version before means: that one lets nobody in who waits,
because they are not active.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, Ms, key_text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("pending", Flag, nullable=False, server_default=sa.false()),
        sa.Column("email", key_text(255), nullable=False, server_default=""),
        sa.Column("email_key", key_text(255), nullable=False, server_default=""),
        sa.Column("deleted_ms", Ms, nullable=False, server_default="0"),
        sa.Column("recall_left", Flag, nullable=False, server_default=sa.false()),
        sa.Column("avatar", key_text(32), nullable=False, server_default=""),
    ):
        op.add_column("users", column)
    op.create_index("ix_users_pending", "users", ["pending", "id"], unique=False)
    op.create_index("ix_users_email", "users", ["email_key"], unique=False)
    op.create_index("ix_users_recall", "users", ["recall_left", "id"], unique=False)
    op.create_table(
        "join_codes",
        sa.Column("code", key_text(64), nullable=False),
        sa.Column("created_by", Id(), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("expires_ms", Ms, nullable=False),
        sa.Column("uses_left", BigInt, nullable=False),
        sa.Column("note", LongText, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_join_codes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mail_links",
        sa.Column("hash", sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb"), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("purpose", key_text(16), nullable=False),
        sa.Column("email", key_text(255), nullable=False),
        sa.Column("email_key", key_text(255), nullable=False),
        sa.Column("auth_epoch", BigInt, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("until_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_mail_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mail_links_user", "mail_links", ["user_id", "purpose", "created_ms"], unique=False)
    op.create_index("ix_mail_links_until", "mail_links", ["until_ms"], unique=False)
