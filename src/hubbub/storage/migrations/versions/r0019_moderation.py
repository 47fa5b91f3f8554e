"""Word filters, held messages and reports.

Only new tables: a program of the version before never looks at them, and filters nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Bytes, Id, LongText, Ms, SmallInt, key_text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "word_filters",
        sa.Column("id", Id(), nullable=False),
        sa.Column("pattern", LongText, nullable=False),
        sa.Column("action", key_text(16), nullable=False),
        sa.Column("created_by", Id(), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_word_filters"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "held_messages",
        sa.Column("id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("client_id", Id(), nullable=False),
        sa.Column("filter_id", Id(), nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.Column("state", SmallInt, nullable=False),
        sa.Column("decided_by", Id(), nullable=True),
        sa.Column("decided_ms", Ms, nullable=False),
        sa.Column("error", key_text(64), nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_held_messages"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_held_messages_key", "held_messages", ["conversation_id", "user_id", "client_id"], unique=True)
    op.create_index("ix_held_messages_state", "held_messages", ["state", "id"], unique=False)
    op.create_index("ix_held_messages_user", "held_messages", ["user_id", "state"], unique=False)
    op.create_table(
        "reports",
        sa.Column("id", Id(), nullable=False),
        sa.Column("reporter_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("reason", key_text(16), nullable=False),
        sa.Column("note", LongText, nullable=False),
        sa.Column("excerpt", LongText, nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.Column("resolution", key_text(16), nullable=False),
        sa.Column("resolved_by", Id(), nullable=True),
        sa.Column("resolved_ms", Ms, nullable=False),
        sa.Column("resolved_note", LongText, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reports_resolution", "reports", ["resolution", "id"], unique=False)
    op.create_index("ix_reports_reporter", "reports", ["reporter_id", "resolution"], unique=False)
