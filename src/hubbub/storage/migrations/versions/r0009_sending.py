"""A scheduled message is marked before it is sent, so that it is either cancelled or sent, whichever nodes do it.

The column may be NULL: a program of the version before does not write it, and does not read it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import Flag

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scheduled", sa.Column("sending", Flag, nullable=True))
