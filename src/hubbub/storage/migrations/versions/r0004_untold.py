"""The outbox names the people whose rows changed, beside the conversations with new entries.

The column may be NULL: a program of the version before does not write it, and does not read it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import Bytes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("people", Bytes, nullable=True))
