"""Every number of chat that an operator may want to change."""

from __future__ import annotations

import msgspec

from hubbub.base.ids import GENERAL_CHANNEL
from hubbub.chat.model import SMALL_AUDIENCE


class ChatSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much chat takes at once, how often its loops run, and what it refuses."""

    # ---- the group commit
    batch_commands: int = 512
    batch_bytes: int = 256 * 1024
    queue_commands: int = 50_000
    queue_bytes: int = 64 * 1024 * 1024
    commit_tries: int = 8
    """How often a batch is run again after a deadlock or a lock time-out."""
    retry_base_s: float = 0.01
    retry_max_s: float = 0.5
    commit_timeout_s: float = 15.0
    """After this a commit's outcome counts as unknown."""
    drain_timeout_s: float = 10.0

    # ---- telling others
    sweep_interval_s: float = 1.0
    outbox_age_ms: int = 2_000
    quiet_s: float = 1.0
    """Heads are announced once more when a conversation was quiet for this long."""
    marks_interval_s: float = 0.05
    marks_pending: int = 100_000
    read_told_s: float = 0.25
    """A person's other devices learn of what was read after so long, because each telling reads the person's rows."""
    schedule_interval_s: float = 1.0
    schedule_batch: int = 100
    small_audience: int = SMALL_AUDIENCE
    """Up to so many members a conversation is told to its people one by one, above that by a subject of its own.

    All nodes have the same; it is stored in the database, and may change while no node runs.
    """
    typing_members: int = 100
    """Nobody is told of typing in conversations with more members."""

    # ---- pages
    page_entries: int = 50
    page_entries_max: int = 200
    page_rows: int = 50
    page_rows_max: int = 100
    resume_entries: int = 200
    """A conversation that misses more is reset instead."""
    resume_have_max: int = 10_000

    # ---- what may wait
    schedule_ahead_ms: int = 366 * 24 * 3600 * 1000
    scheduled_per_user: int = 100
    reminders_per_user: int = 500

    # ---- for how long messages are kept
    keep_days: int = 0
    """Messages older than so many days go, where the conversation says nothing else; 0: they are kept for ever."""
    retention_look_s: float = 3_600.0
    """How often a worker looks for messages that were kept long enough."""

    # ---- search
    index_gather_s: float = 0.25
    """What was stored is findable after so long, or a little more."""
    index_entries: int = 200
    """So many entries go into the index at once."""
    index_share: float = 0.25
    """The part of its time that a node spends on the index while much is to be indexed."""
    index_share_busy: float = 0.02
    """The same while commands wait for a commit: then people come first, and the index later."""
    index_look_s: float = 60.0
    """How often a node looks for conversations that nobody has indexed."""
    search_hits: int = 20
    search_hits_max: int = 50
    searches_per_s: float = 10.0
    searches_burst: float = 60.0

    # ---- how fast one person may act; a rate of 0 means no limit
    limits_on: bool = True
    submits_per_s: float = 500.0
    submits_burst: float = 2_000.0
    openings_per_minute: float = 600.0
    openings_burst: float = 1_000.0
    signals_per_s: float = 500.0
    """Marks and typing."""
    signals_burst: float = 2_000.0
    limited_users: int = 100_000
    """How many people's allowances are remembered; the longest idle is forgotten first."""

    # ---- the conversations that exist from the start
    general_title: str = "general"
    system_title: str = "Announcements"
    default_channels: tuple[str, ...] = (GENERAL_CHANNEL,)
    """Channels every new account joins."""

    # ---- for tests only
    fault: str = ""
    """A death at a chosen moment, see `chat.fault`; empty wherever people are served."""
