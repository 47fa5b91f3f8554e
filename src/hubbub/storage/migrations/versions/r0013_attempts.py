"""Sessions and slots say which run of a client program said hello, and for the how manieth time.

A program of the version before writes neither: its sessions are known by their time alone, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, key_text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("sessions", "slots"):
        op.add_column(table, sa.Column("run", key_text(64), nullable=False, server_default=""))
        op.add_column(table, sa.Column("attempt", BigInt, nullable=False, server_default="0"))
