"""Links into conversations, and people who ask to be let in.

Only new tables: a program of the version before never looks at them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Flag, Id, LongText, Ms

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invites",
        sa.Column("id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("created_by", Id(), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("expires_ms", Ms, nullable=False),
        sa.Column("uses_left", BigInt, nullable=False),
        sa.Column("approval", Flag, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_invites_conversation", "invites", ["conversation_id", "created_ms"], unique=False)
    op.create_table(
        "join_requests",
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.Column("note", LongText, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name="pk_join_requests"),
        sqlite_with_rowid=False,
    )
