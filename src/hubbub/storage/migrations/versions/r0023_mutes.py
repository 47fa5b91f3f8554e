"""Mutes on the whole server.

A column, of which a program of the version before writes the default: nobody is muted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import Ms

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("muted_until_ms", Ms, nullable=False, server_default="0"))
    op.create_index("ix_users_muted", "users", ["muted_until_ms", "id"], unique=False)
