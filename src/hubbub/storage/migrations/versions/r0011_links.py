"""What is shown of links.

Only a new table: a program of the version before runs on beside it and never looks at it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Bytes, Id, LongText, key_text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("id", Id(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("asked_ms", BigInt, nullable=False),
        sa.Column("lease_ms", BigInt, nullable=False),
        sa.Column("image_width", BigInt, nullable=False),
        sa.Column("image_height", BigInt, nullable=False),
        sa.Column("image_type", key_text(64), nullable=False),
        sa.Column("url", LongText, nullable=False),
        sa.Column("title", LongText, nullable=False),
        sa.Column("description", LongText, nullable=False),
        sa.Column("site", LongText, nullable=False),
        sa.Column("image", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_waiting", "links", ["state", "lease_ms"], unique=False)
    op.create_index("ix_links_asked", "links", ["asked_ms"], unique=False)
