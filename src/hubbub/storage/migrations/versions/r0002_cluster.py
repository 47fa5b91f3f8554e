"""The cluster: rows of nodes with their leases, versions of the live configuration, and locks.

Only new tables: a program of the version before runs on beside it and never looks at them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Bytes, Flag, Id, LongText, SmallInt, key_text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("incarnation", Id(), nullable=False),
        sa.Column("node_id", key_text(64), nullable=False),
        sa.Column("living_id", key_text(64), nullable=True),
        sa.Column("life", SmallInt, nullable=False),
        sa.Column("lease_ms", BigInt, nullable=False),
        sa.Column("over_ms", BigInt, nullable=False),
        sa.Column("swept", Flag, nullable=False),
        sa.Column("drain_asked", Flag, nullable=False),
        sa.Column("record", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("incarnation", name=op.f("pk_nodes")),
        sa.UniqueConstraint("living_id", name=op.f("uq_nodes_living_id")),
    )
    op.create_table(
        "config_versions",
        sa.Column("version", BigInt, autoincrement=False, nullable=False),
        sa.Column("made_ms", BigInt, nullable=False),
        sa.Column("author", LongText, nullable=False),
        sa.Column("note", LongText, nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_config_versions")),
    )
    op.create_table(
        "locks",
        sa.Column("name", key_text(190), nullable=False),
        sa.Column("token", BigInt, nullable=False),
        sa.Column("owner", key_text(64), nullable=False),
        sa.Column("lease_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_locks")),
    )
