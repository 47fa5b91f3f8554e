"""The second step of signing in, and accounts that are somebody's somewhere else.

Only new tables: a program of the version before never looks at them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.client import Hash
from hubbub.storage.tables.schema import BigInt, Bytes, Flag, Id, LongText, Ms, key_text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "totps",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("secret", sa.LargeBinary(64), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("confirmed", Flag, nullable=False),
        sa.Column("last_step", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_totps"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("code_hash", Hash, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name="pk_recovery_codes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "passkeys",
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("credential_hash", Hash, nullable=False),
        sa.Column("credential_id", Bytes, nullable=False),
        sa.Column("public_key", Bytes, nullable=False),
        sa.Column("sign_count", BigInt, nullable=False),
        sa.Column("name", key_text(255), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("used_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_hash", name="uq_passkeys_credential_hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_passkeys_user", "passkeys", ["user_id", "id"], unique=False)
    op.create_table(
        "sign_in_steps",
        sa.Column("step_hash", Hash, nullable=False),
        sa.Column("kind", key_text(32), nullable=False),
        sa.Column("user_id", Id(), nullable=True),
        sa.Column("data", LongText, nullable=False),
        sa.Column("expires_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("step_hash", name="pk_sign_in_steps"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sign_in_steps_expires", "sign_in_steps", ["expires_ms"], unique=False)
    op.create_table(
        "arrivals",
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("device_name", key_text(255), nullable=False),
        sa.Column("address", key_text(64), nullable=False),
        sa.Column("time_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_arrivals"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_arrivals_user", "arrivals", ["user_id", "time_ms"], unique=False)
    op.create_table(
        "foreign_accounts",
        sa.Column("name_hash", Hash, nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("issuer", LongText, nullable=False),
        sa.Column("subject", LongText, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name="pk_foreign_accounts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_foreign_accounts_user", "foreign_accounts", ["user_id"], unique=False)
