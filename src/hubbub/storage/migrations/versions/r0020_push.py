"""Web Push: subscriptions, quiet times and notes of what to call for.

Only new tables: a program of the version before never looks at them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Bytes, Id, LongText, Ms, SmallInt, key_text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("login_id", Id(), nullable=False),
        sa.Column("browser_id", Id(), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("content", SmallInt, nullable=False),
        sa.Column("language", key_text(16), nullable=False),
        sa.Column("p256dh", sa.LargeBinary(65), nullable=False),
        sa.Column("auth", sa.LargeBinary(16), nullable=False),
        sa.Column("endpoint", LongText, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "device_id", name="pk_push_subscriptions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_push_subscriptions_browser", "push_subscriptions", ["browser_id"], unique=False)
    op.create_table(
        "push_quiet",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("value", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_push_quiet"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "push_notes",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("head", BigInt, nullable=False),
        sa.Column("told", BigInt, nullable=False),
        sa.Column("due_ms", Ms, nullable=False),
        sa.Column("lease_ms", Ms, nullable=False),
        sa.Column("touched_ms", Ms, nullable=False),
        sa.Column("tries", SmallInt, nullable=False),
        sa.Column("devices", Bytes, nullable=True),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", name="pk_push_notes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_push_notes_due", "push_notes", ["due_ms"], unique=False)
