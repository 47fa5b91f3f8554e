"""Roles of a conversation's own.

Two columns, of which a program of the version before writes the defaults: no such roles, and nobody has one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import LongText, key_text

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("roles", LongText, nullable=True))
    op.add_column("members", sa.Column("own_role", key_text(32), nullable=False, server_default=""))
