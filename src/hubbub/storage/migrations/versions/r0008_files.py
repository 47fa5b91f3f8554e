"""Files: what was uploaded, where it is shown, and how much room each person takes.

Only new tables: a program of the version before runs on beside it and never looks at them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Id, LongText, key_text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", Id(), nullable=False),
        sa.Column("owner_id", Id(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("type", key_text(128), nullable=False),
        sa.Column("size_bytes", BigInt, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("width", BigInt, nullable=False),
        sa.Column("height", BigInt, nullable=False),
        sa.Column("preview_bytes", BigInt, nullable=False),
        sa.Column("created_ms", BigInt, nullable=False),
        sa.Column("unused_ms", BigInt, nullable=False),
        sa.Column("name", LongText, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_files_unused", "files", ["unused_ms", "id"], unique=False)
    op.create_table(
        "file_uses",
        sa.Column("file_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "conversation_id", "seq", name=op.f("pk_file_uses")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_file_uses_message", "file_uses", ["conversation_id", "seq"], unique=False)
    op.create_table(
        "file_room",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("used_bytes", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_file_room")),
        sqlite_with_rowid=False,
    )
