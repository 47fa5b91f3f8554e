"""What an account leaves behind when it is deleted, and what goes with it.

What people wrote to each other is the conversations'; it stays or is recalled, as the setting says.  Everything that
somebody kept for themselves, and every way to reach or to act for them, goes in the transaction that closes the
account, so that no crash leaves half of it.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete

from hubbub.storage.tables.account import mail_links
from hubbub.storage.tables.chat import hidden, own, scheduled
from hubbub.storage.tables.client import authorization_codes, consents, device_requests
from hubbub.storage.tables.contact import contacts
from hubbub.storage.tables.factor import arrivals, foreign_accounts, passkeys, recovery_codes, totps
from hubbub.storage.tables.invite import join_requests
from hubbub.storage.tables.push import push_notes, push_quiet, push_subscriptions
from hubbub.storage.tables.reminder import reminders

__all__ = ["GOES", "forget_all"]

GOES = (
    mail_links,
    totps,
    recovery_codes,
    passkeys,
    arrivals,
    foreign_accounts,
    consents,
    authorization_codes,
    device_requests,
    contacts,
    own,
    hidden,
    scheduled,
    reminders,
    join_requests,
    push_subscriptions,
    push_quiet,
    push_notes,
)
"""Tables whose rows are of one person, by `user_id`."""


def forget_all(conn: Connection, user_id: str) -> None:
    """Delete what is somebody's alone."""
    for table in GOES:
        conn.execute(delete(table).where(table.c.user_id == user_id))
