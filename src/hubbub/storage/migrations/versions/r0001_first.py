"""The first schema: the log, its projections, people's state and accounts.

It is written out, and does not follow the tables as they change later: what a revision did it does for ever.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hubbub.storage.tables.schema import BigInt, Bytes, Flag, Id, LongText, SmallInt, key_text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", Id(), nullable=False),
        sa.Column("head", BigInt, nullable=False),
        sa.Column("last_time_ms", BigInt, nullable=False),
        sa.Column("revision", BigInt, nullable=False),
        sa.Column("members_version", BigInt, nullable=False),
        sa.Column("member_count", BigInt, nullable=False),
        sa.Column("kind", SmallInt, nullable=False),
        sa.Column("dissolved", Flag, nullable=False),
        sa.Column("history_for_newcomers", Flag, nullable=False),
        sa.Column("mute_all", Flag, nullable=False),
        sa.Column("slow_mode_s", BigInt, nullable=False),
        sa.Column("created_by", Id(), nullable=True),
        sa.Column("created_ms", BigInt, nullable=False),
        sa.Column("peer_low", Id(), nullable=True),
        sa.Column("peer_high", Id(), nullable=True),
        sa.Column("channel_key", key_text(190), nullable=True),
        sa.Column("title", LongText, nullable=False),
        sa.Column("topic", LongText, nullable=False),
        sa.Column("announcement", LongText, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_conversations_channel_key_id"), "conversations", ["channel_key", "id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("kind", SmallInt, nullable=False),
        sa.Column("counts", Flag, nullable=False),
        sa.Column("recalled", Flag, nullable=False),
        sa.Column("sender_id", Id(), nullable=False),
        sa.Column("parent_seq", BigInt, nullable=True),
        sa.Column("time_ms", BigInt, nullable=False),
        sa.Column("client_id", Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=8), nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name=op.f("pk_entries")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_entries_change",
        "entries",
        ["conversation_id", "kind", "seq"],
        unique=False,
        sqlite_where=sa.text("kind IN (7, 9)"),
        postgresql_where=sa.text("kind IN (7, 9)"),
    )
    op.create_index(
        "ix_entries_parent",
        "entries",
        ["conversation_id", "parent_seq", "seq"],
        unique=False,
        sqlite_where=sa.text("parent_seq IS NOT NULL"),
        postgresql_where=sa.text("parent_seq IS NOT NULL"),
    )
    op.create_index("uq_entries_key", "entries", ["client_id", "conversation_id", "sender_id"], unique=True)
    op.create_table(
        "hidden",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", "seq", name=op.f("pk_hidden")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "logins",
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("device_name", key_text(255), nullable=False),
        sa.Column("family_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_ms", BigInt, nullable=False),
        sa.Column("used_ms", BigInt, nullable=False),
        sa.Column("ended_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_logins_user", "logins", ["user_id", "ended_ms", "id"], unique=False)
    op.create_table(
        "members",
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("role", SmallInt, nullable=False),
        sa.Column("state", SmallInt, nullable=False),
        sa.Column("read_seq", BigInt, nullable=False),
        sa.Column("delivered_seq", BigInt, nullable=False),
        sa.Column("muted_until_ms", BigInt, nullable=False),
        sa.Column("last_sent_ms", BigInt, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("intervals", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name=op.f("pk_members")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_members_state", "members", ["conversation_id", "state", "user_id"], unique=False)
    op.create_index("ix_members_user", "members", ["user_id", "version"], unique=False)
    op.create_table(
        "mentions",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("sender_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", "seq", name=op.f("pk_mentions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mentions_message", "mentions", ["conversation_id", "seq"], unique=False)
    op.create_table(
        "message_states",
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("recalled", Flag, nullable=False),
        sa.Column("pinned", Flag, nullable=False),
        sa.Column("edits", BigInt, nullable=False),
        sa.Column("edited_ms", BigInt, nullable=False),
        sa.Column("thread_replies", BigInt, nullable=False),
        sa.Column("thread_last_seq", BigInt, nullable=False),
        sa.Column("body", Bytes, nullable=True),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name=op.f("pk_message_states")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meta",
        sa.Column("key", key_text(64), nullable=False),
        sa.Column("value", key_text(255), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("created_ms", BigInt, nullable=False),
        sa.Column("heads", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_created", "outbox", ["created_ms"], unique=False)
    op.create_table(
        "place",
        sa.Column("id", SmallInt, autoincrement=False, nullable=False),
        sa.Column("name", key_text(255), nullable=False),
        sa.Column("setup_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("set_up_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
    )
    op.create_table(
        "reactions",
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("target_seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("emoji", key_text(64), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "target_seq", "user_id", "emoji", name=op.f("pk_reactions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scheduled",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("client_id", Id(), nullable=False),
        sa.Column("due_ms", BigInt, nullable=False),
        sa.Column("refused", Flag, nullable=False),
        sa.Column("error", key_text(64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=8), nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", "client_id", name=op.f("pk_scheduled")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_scheduled_due", "scheduled", ["refused", "due_ms"], unique=False)
    op.create_index("ix_scheduled_user", "scheduled", ["user_id", "due_ms"], unique=False)
    op.create_table(
        "signing_keys",
        sa.Column("kid", key_text(64), nullable=False),
        sa.Column("private_pem", LongText, nullable=False),
        sa.Column("created_ms", BigInt, nullable=False),
        sa.Column("retired_ms", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "user_keys",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("client_id", Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=8), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_user_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "user_versions",
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_versions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        sa.Column("id", Id(), nullable=False),
        sa.Column("username", key_text(64), nullable=False),
        sa.Column("username_key", key_text(128), nullable=False),
        sa.Column("display_name", key_text(255), nullable=False),
        sa.Column("signature", LongText, nullable=False),
        sa.Column("bot", Flag, nullable=False),
        sa.Column("is_admin", Flag, nullable=False),
        sa.Column("active", Flag, nullable=False),
        sa.Column("password_hash", key_text(255), nullable=False),
        sa.Column("auth_epoch", BigInt, nullable=False),
        sa.Column("created_ms", BigInt, nullable=False),
        sa.Column("last_seen_ms", BigInt, nullable=False),
        sa.Column("welcomed", Flag, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
        sqlite_with_rowid=False,
    )
