"""The search index, empty: servers fill it beside their work, from what the log has.

A program of the version before knows nothing of it, and adds to the log what the next one that does will index.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from hubbub.storage.tables.schema import BigInt, Id, Ms

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_heads",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_search_heads"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_blocks",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("block", BigInt, autoincrement=False, nullable=False),
        sa.Column("first_ms", Ms, nullable=False),
        sa.Column("last_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "block", name="pk_search_blocks"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_terms",
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("block", BigInt, autoincrement=False, nullable=False),
        sa.Column("term", sa.LargeBinary(32).with_variant(mysql.VARBINARY(32), "mysql", "mariadb"), nullable=False),
        sa.Column(
            "postings", sa.LargeBinary(513).with_variant(mysql.VARBINARY(513), "mysql", "mariadb"), nullable=False
        ),
        sa.PrimaryKeyConstraint("conversation_id", "block", "term", name="pk_search_terms"),
        sqlite_with_rowid=False,
    )
