"""Messages that people want to come back to.

Only a new table: a program of the version before never looks at it, and reminds nobody while it still runs beside this
one, which does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, Ms

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("due_ms", Ms, nullable=False),
        sa.Column("waiting", Flag, nullable=False),
        sa.Column("note", LongText, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", "seq", name="pk_reminders"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reminders_due", "reminders", ["waiting", "due_ms"], unique=False)
    op.create_index("ix_reminders_version", "reminders", ["user_id", "version"], unique=False)
