"""What people keep of conversations for themselves.

Only a new table: a program of the version before never looks at it, and shows conversations as nobody arranged them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import Bytes, Id

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("value", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", name="pk_own"),
        sqlite_with_rowid=False,
    )
