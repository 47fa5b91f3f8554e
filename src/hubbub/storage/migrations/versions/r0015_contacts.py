"""What people are to each other.

Only a new table: a program of the version before never looks at it, and so lets people who were blocked speak while it
still runs beside this one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, Ms, SmallInt, key_text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("other_id", Id(), nullable=False),
        sa.Column("state", SmallInt, nullable=False),
        sa.Column("blocked", Flag, nullable=False),
        sa.Column("name", key_text(255), nullable=False),
        sa.Column("group_name", key_text(128), nullable=False),
        sa.Column("note", LongText, nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("held_read_seq", BigInt, nullable=False),
        sa.Column("held_delivered_seq", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "other_id", name="pk_contacts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contacts_version", "contacts", ["user_id", "version"], unique=False)
