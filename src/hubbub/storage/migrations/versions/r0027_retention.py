"""How long conversations keep their messages.

Three columns, of which a program of the version before writes the defaults: as long as the place says, which it knows
nothing of, and nothing has gone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, default in (("keep_days", "-1"), ("kept_from", "0"), ("erased_to", "0")):
        op.add_column("conversations", sa.Column(name, BigInt, nullable=False, server_default=default))
