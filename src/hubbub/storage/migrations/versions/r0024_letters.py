"""Letters that wait to be carried.

Only a new table: a program of the version before never looks at it, and keeps its letters in memory as it did.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import Id, LongText, Ms, SmallInt, key_text

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("id", Id(), nullable=False),
        sa.Column("recipient", key_text(255), nullable=False),
        sa.Column("subject", LongText, nullable=False),
        sa.Column("text", LongText, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("due_ms", Ms, nullable=False),
        sa.Column("tries", SmallInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_letters_due", "letters", ["due_ms", "id"], unique=False)
