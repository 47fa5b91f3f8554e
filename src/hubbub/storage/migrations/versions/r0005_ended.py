"""Logins are found by when they ended, so that whoever serves one of them finds out without being told."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_logins_ended", "logins", ["ended_ms", "id"], unique=False)
