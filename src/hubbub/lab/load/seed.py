"""People and long conversations, put straight into a data folder before a server opens it.

Registering costs a password hash on purpose, and a million messages take their time; a measurement of something else
need not pay for either.  What is written goes through the server's own ports, so it is what the server would write.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from hubbub.auth.ports import Account, Login
from hubbub.auth.settings import AuthSettings
from hubbub.auth.tokens import KeyRing, Tokens, generate_key
from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.chat.model import (
    MAX_SEQ,
    Body,
    ConversationKind,
    ConversationRow,
    Created,
    Entry,
    MemberRow,
    MemberState,
    Post,
    Role,
)
from hubbub.chat.ports import Changes, Needs, NewEntry
from hubbub.lab.load.client import Seat
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.opening import open_database
from hubbub.storage.sqlite_database import SqliteDatabase

TOKEN_S = 7200
_AT_ONCE = 5_000
_SEATS_AT_ONCE = 32
_FILLER = "The quick brown fox jumps over the lazy dog. " * 4


def seed(data: Path, *, people: int, logs: tuple[int, ...] = ()) -> tuple[list[Seat], list[str]]:
    """Make people, and one group of the first two for each of `logs` with so many entries; return seats and groups."""
    return asyncio.run(_seed(data, people, logs))


async def _seed(data: Path, people: int, logs: tuple[int, ...]) -> tuple[list[Seat], list[str]]:
    database = await SqliteDatabase.open(data, clock=SystemClock())
    try:
        seats = await _seats(SqlAccounts(database), people)
        store = SqlStore(database)
        return seats, [await _log(store, [seat.user_id for seat in seats[:2]], length) for length in logs]
    finally:
        await database.close()


async def seed_people(url: str, people: int) -> list[Seat]:
    """Make people in the database of a cluster, beside its nodes; their names end in numbers from 0 on."""
    database = await open_database(url, Path(), clock=SystemClock(), migrate=False, accept_unsafe=True)
    try:
        return await _seats(SqlAccounts(database), people)
    finally:
        await database.close()


async def _seats(accounts: SqlAccounts, people: int) -> list[Seat]:
    clock = SystemClock()
    now_ms = clock.now_ms()
    if not await accounts.signing_keys():
        await accounts.add_signing_key(generate_key(now_ms), expect="")
    tokens = Tokens(AuthSettings(access_token_s=TOKEN_S), clock, KeyRing(await accounts.signing_keys()))

    async def seat(number: int) -> Seat:
        name = f"bench{number}"
        account = Account(
            id=new_id(),
            username=name,
            username_key=name,
            display_name=name,
            # No password has this hash, so nobody logs in as one of these.
            password_hash="*",
            created_ms=now_ms,
            # They are in the conversations a measurement makes and in no other.
            welcomed=True,
        )
        login = Login(
            id=new_id(),
            user_id=account.id,
            device_id=new_id(),
            device_name="bench",
            family_hash=bytes(32),
            refresh_hash=bytes(32),
            created_ms=now_ms,
            used_ms=now_ms,
        )
        await accounts.add_account(account)
        await accounts.add_login(login, auth_epoch=account.auth_epoch, keep=50)
        return Seat(account.id, name, tokens.sign(account, login))

    seats: list[Seat] = []
    while len(seats) < people:
        seats += await asyncio.gather(*map(seat, range(len(seats), min(people, len(seats) + _SEATS_AT_ONCE))))
    return seats


async def _log(store: SqlStore, members: list[str], length: int) -> str:
    """Write one group with `length` entries, the first of which is its making."""
    group, time_ms = new_id(), SystemClock().now_ms()
    row = ConversationRow(
        id=group,
        kind=ConversationKind.GROUP,
        title=f"{length} entries",
        head=1,
        last_time_ms=time_ms,
        member_count=len(members),
        members_version=1,
        created_by=members[0],
        created_ms=time_ms,
    )
    created = Created(ConversationKind.GROUP, row.title, tuple(members))
    changes = Changes(
        entries=[_new(Entry(group, 1, time_ms, members[0], new_id(), created), counts=False)],
        conversations=[row],
        members=[
            MemberRow(group, member, Role.MEMBER, MemberState.JOINED, ((1, MAX_SEQ),), read_seq=length)
            for member in members
        ],
    )
    await store.commit(Needs(conversations={group}), lambda facts: changes)
    head = 1
    while head < length:
        upto = min(length, head + _AT_ONCE)
        entries = [
            _new(
                Entry(group, seq, time_ms, members[seq % len(members)], new_id(), Post(Body(f"{seq} {_FILLER}"))),
                counts=True,
            )
            for seq in range(head + 1, upto + 1)
        ]
        committed = await store.commit(
            Needs(conversations={group}),
            lambda facts, entries=entries, upto=upto: _appended(facts.conversations[group], entries, upto),  # type: ignore[misc]
        )
        await store.clear_outbox(committed.outbox_id)
        head = upto
    return group


def _appended(row: ConversationRow, entries: list[NewEntry], head: int) -> Changes:
    row.head = head
    return Changes(entries=entries, conversations=[row])


def _new(entry: Entry, *, counts: bool) -> NewEntry:
    return NewEntry(entry, digest=bytes.fromhex(entry.client_id)[:8], counts=counts)
