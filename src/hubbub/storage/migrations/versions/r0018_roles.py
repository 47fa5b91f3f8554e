"""Roles made of permissions, and bans that end.

A new table, and columns whose defaults are what a program of the version before writes: members, and bans without end.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import Id, LongText, Ms, key_text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("roles", key_text(400), nullable=False, server_default=""))
    op.add_column("users", sa.Column("granted", key_text(700), nullable=False, server_default=""))
    op.add_column("users", sa.Column("banned_until_ms", Ms, nullable=False, server_default="0"))
    op.create_index("ix_users_banned", "users", ["banned_until_ms", "id"], unique=False)
    op.create_table(
        "own_roles",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", key_text(64), nullable=False),
        sa.Column("name_key", key_text(160), nullable=False),
        sa.Column("permissions", LongText, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_own_roles"),
        sa.UniqueConstraint("name_key", name="uq_own_roles_name_key"),
        sqlite_with_rowid=False,
    )
