"""A place's own emoji.

Only new tables: a program of the version before never looks at them, and keeps the files that are shown there because
`file_uses` says so.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Flag, Id, Ms, SmallInt, key_text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "emoji",
        sa.Column("name", key_text(32), nullable=False),
        sa.Column("alias_of", key_text(32), nullable=False),
        sa.Column("pack", key_text(64), nullable=False),
        sa.Column("file_id", Id(), nullable=False),
        sa.Column("moving", Flag, nullable=False),
        sa.Column("created_by", Id(), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_emoji"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "emoji_head",
        sa.Column("id", SmallInt, autoincrement=False, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_emoji_head"),
    )
