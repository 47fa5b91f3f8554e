"""Legal holds.

Only new tables: a program of the version before never looks at them, and what is recalled through it is not kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Bytes, Id, LongText, Ms, SmallInt

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", LongText, nullable=False),
        sa.Column("reason", LongText, nullable=False),
        sa.Column("from_ms", Ms, nullable=False),
        sa.Column("until_ms", Ms, nullable=False),
        sa.Column("created_by", Id(), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("closed_by", Id(), nullable=True),
        sa.Column("closed_ms", Ms, nullable=False),
        sa.Column("loosened", BigInt, nullable=False),
        sa.Column("settled", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hold_subjects",
        sa.Column("hold_id", Id(), nullable=False),
        sa.Column("kind", SmallInt, autoincrement=False, nullable=False),
        sa.Column("subject_id", Id(), nullable=False),
        sa.Column("name", LongText, nullable=False),
        sa.Column("added_by", Id(), nullable=False),
        sa.Column("added_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("hold_id", "kind", "subject_id", name="pk_hold_subjects"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hold_subjects_subject", "hold_subjects", ["kind", "subject_id"], unique=False)
    op.create_table(
        "hold_copies",
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("message_seq", BigInt, nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_hold_copies"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hold_files",
        sa.Column("file_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "conversation_id", "seq", name="pk_hold_files"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hold_files_message", "hold_files", ["conversation_id", "seq"], unique=False)
    op.create_table(
        "hold_exports",
        sa.Column("id", Id(), nullable=False),
        sa.Column("hold_id", Id(), nullable=False),
        sa.Column("created_by", Id(), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hold_exports"),
        sqlite_with_rowid=False,
    )
