"""Who is connected: rows of sessions, how people left, and slots.

Only new tables: a program of the version before runs on beside it and never looks at them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Flag, Id, key_text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("session_id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("node_id", key_text(64), nullable=False),
        sa.Column("incarnation", Id(), nullable=False),
        sa.Column("since_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "session_id", name=op.f("pk_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_incarnation", "sessions", ["incarnation", "user_id"], unique=False)
    op.create_table(
        "slots",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("session_id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("node_id", key_text(64), nullable=False),
        sa.Column("incarnation", Id(), nullable=False),
        sa.Column("since_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_slots")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_slots_incarnation", "slots", ["incarnation"], unique=False)
    op.create_table(
        "departures",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("session_id", Id(), nullable=False),
        sa.Column("dropped", Flag, nullable=False),
        sa.Column("at_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_departures")),
        sqlite_with_rowid=False,
    )
