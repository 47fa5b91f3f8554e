"""The audit log.

Only new tables: a program of the version before never looks at them, and what it does is not in them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, LongText, Ms, SmallInt, key_text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.Column("act", key_text(64), nullable=False),
        sa.Column("user_id", key_text(64), nullable=False),
        sa.Column("client_id", key_text(64), nullable=False),
        sa.Column("address", key_text(64), nullable=False),
        sa.Column("target", key_text(64), nullable=False),
        sa.Column("detail", LongText, nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_act", "audit_entries", ["act", "seq"], unique=False)
    op.create_index("ix_audit_entries_user", "audit_entries", ["user_id", "seq"], unique=False)
    op.create_index("ix_audit_entries_target", "audit_entries", ["target", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", SmallInt, autoincrement=False, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
