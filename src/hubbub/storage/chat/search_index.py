"""Filling the search index from the log.

The log is the truth and the index follows it, conversation by conversation: how far it has come is a row that whoever
writes to the index locks first.  Two nodes that index the same conversation at once do no harm, for the second one
finds the row moved and begins again.  Adding the same messages twice changes nothing.

Terms are only taken away when words are: after a recall.  What an edit took out stays in the index until the index is
made again, because every find is looked at once more, and because who left before the edit still finds the old words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from hubbub.chat.model import Edit, Post, Recall
from hubbub.chat.search.terms import terms_of_body, terms_of_post
from hubbub.storage.chat.postings import packed, unpacked
from hubbub.storage.chat.rows import decode_action
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.chat import EntryKind, conversations, entries
from hubbub.storage.tables.schema import Id
from hubbub.storage.tables.search import BLOCK, search_blocks, search_heads, search_terms

_AT_ONCE = 200
_KINDS = (EntryKind.POST.value, EntryKind.EDIT.value, EntryKind.RECALL.value)

_UNREAD = (
    select(entries.c.seq, entries.c.time_ms, entries.c.sender_id, entries.c.body)
    .where(
        entries.c.conversation_id == bindparam("id", type_=Id),
        entries.c.seq > bindparam("after"),
        entries.c.seq <= bindparam("upto"),
        entries.c.kind.in_(_KINDS),
    )
    .order_by(entries.c.seq)
    .limit(bindparam("most"))
)
_OF_BLOCK = (search_terms.c.conversation_id == bindparam("id", type_=Id)) & (search_terms.c.block == bindparam("at"))
_TERMS = select(search_terms.c.term, search_terms.c.postings).where(_OF_BLOCK)
_BLOCK = select(search_blocks).where(
    search_blocks.c.conversation_id == bindparam("id", type_=Id), search_blocks.c.block == bindparam("at")
)


class Slice(msgspec.Struct):
    """The next entries of one conversation."""

    conversation_id: str
    after_seq: int
    to_seq: int
    head: int
    rows: Sequence[Any]


class Additions(msgspec.Struct):
    """What a slice does to the index."""

    conversation_id: str
    after_seq: int
    to_seq: int
    head: int
    terms: dict[tuple[int, bytes], int]
    """(block, term) to the bits of its messages."""
    times: dict[int, tuple[int, int]]
    """Blocks with new messages: when the first and the last of these was sent."""
    recalled: dict[int, int]
    """Blocks with the bits of the messages taken back."""
    rows: Sequence[tuple[bytes, int, bytes, bytes]] = ()
    """What `merge` found to be written of the terms."""


_NEXT = (
    select(conversations.c.id, conversations.c.head, func.coalesce(search_heads.c.seq, 0).label("seq"))
    .select_from(conversations.outerjoin(search_heads, search_heads.c.conversation_id == conversations.c.id))
    .where(conversations.c.id > bindparam("after", type_=Id))
    .order_by(conversations.c.id)
    .limit(bindparam("most"))
)


def read_behind(conn: Connection, after: str, limit: int) -> tuple[list[str], str]:
    """Look at the next conversations by id; return those that are behind, and the last one if there may be more."""
    rows = conn.execute(_NEXT, {"after": after or "0" * 32, "most": limit}).all()
    return [row.id for row in rows if row.head > row.seq], rows[-1].id if len(rows) == limit else ""


def read_slices(conn: Connection, conversation_ids: Sequence[str], most: int) -> list[Slice]:
    """Return the next entries of these conversations, at most so many of them all."""
    found: list[Slice] = []
    for at in range(0, len(conversation_ids), _AT_ONCE):
        statement = (
            select(conversations.c.id, conversations.c.head, func.coalesce(search_heads.c.seq, 0).label("seq"))
            .select_from(conversations.outerjoin(search_heads, search_heads.c.conversation_id == conversations.c.id))
            .where(conversations.c.id.in_(conversation_ids[at : at + _AT_ONCE]))
            .order_by(conversations.c.id)
        )
        for id_, head, seq in conn.execute(statement).all():
            if head <= seq:
                continue
            if most <= 0:
                found.append(Slice(id_, seq, seq, head, ()))
                continue
            rows = conn.execute(_UNREAD, {"id": id_, "after": seq, "upto": head, "most": most}).all()
            found.append(Slice(id_, seq, rows[-1].seq if len(rows) == most else head, head, rows))
            most -= max(len(rows), 1)
    return found


def additions(each: Slice) -> Additions:
    """Return what a slice adds; this is the work, and needs no database."""
    terms: defaultdict[tuple[int, bytes], int] = defaultdict(int)
    times: dict[int, tuple[int, int]] = {}
    recalled: defaultdict[int, int] = defaultdict(int)
    for row in each.rows:
        action = decode_action(row.body)
        seq = row.seq
        if isinstance(action, Post):
            found = set() if action.withdrawn else terms_of_post(action, row.sender_id)
            block = seq // BLOCK
            times[block] = (times.get(block, (row.time_ms,))[0], row.time_ms)
        elif isinstance(action, Edit):
            found = set() if action.withdrawn else terms_of_body(action.body)
            seq = action.target_seq
        else:
            assert isinstance(action, Recall)
            recalled[action.target_seq // BLOCK] |= 1 << action.target_seq % BLOCK
            continue
        block, bit = seq // BLOCK, 1 << seq % BLOCK
        for term in found:
            terms[block, term] |= bit
    return Additions(each.conversation_id, each.after_seq, each.to_seq, each.head, terms, times, recalled)


def merge(conn: Connection, dialect: Dialect, found: Sequence[Additions]) -> None:
    """Join what is new with what is stored, before anything is locked.

    What is read here stays true until the row that says how far the index has come is moved, and with that row moved
    nothing of it is written.
    """
    keys = [(each.conversation_id, block, term) for each in found for block, term in each.terms]
    stored = {row[:3]: unpacked(row.postings) for row in dialect.find_postings(conn, keys)}
    for each in found:
        conversation = bytes.fromhex(each.conversation_id)
        rows: list[tuple[bytes, int, bytes, bytes]] = []
        for (block, term), bits in each.terms.items():
            before = stored.get((each.conversation_id, block, term), 0)
            after = before & ~each.recalled.get(block, 0) | bits
            if after != before:
                rows.append((conversation, block, term, packed(after)))
        # In the order of the key, in which they lie.
        each.rows = sorted(rows)


def write_additions(conn: Connection, dialect: Dialect, found: Sequence[Additions]) -> set[str]:
    """Write what was merged and how far the index has come; return the conversations that are not at their end."""
    going = [each for each in found if each.to_seq > each.after_seq]
    ids = sorted(each.conversation_id for each in going)
    dialect.insert_new(conn, search_heads, [{"conversation_id": id_, "seq": 0} for id_ in ids])
    known = _lock_heads(conn, ids)
    mine = [each for each in going if known.get(each.conversation_id) == each.after_seq]
    for each in mine:
        for block, bits in each.recalled.items():
            _take_out(conn, dialect, each.conversation_id, block, bits)
    dialect.write_postings(conn, [row for each in mine for row in each.rows])
    dialect.upsert(conn, search_blocks, [row for each in mine for row in _blocks(conn, each)])
    heads = [{"conversation_id": each.conversation_id, "seq": each.to_seq} for each in mine]
    dialect.upsert(conn, search_heads, heads, growing=("seq",))
    done = {each.conversation_id for each in mine if each.to_seq == each.head}
    return {each.conversation_id for each in found} - done


def _lock_heads(conn: Connection, ids: Sequence[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    for at in range(0, len(ids), _AT_ONCE):
        statement = (
            select(search_heads)
            .where(search_heads.c.conversation_id.in_(ids[at : at + _AT_ONCE]))
            .order_by(search_heads.c.conversation_id)
            .with_for_update()
        )
        known.update((row.conversation_id, row.seq) for row in conn.execute(statement))
    return known


def _take_out(conn: Connection, dialect: Dialect, id_: str, block: int, bits: int) -> None:
    changed: list[tuple[bytes, int, bytes, bytes]] = []
    for term, postings in conn.execute(_TERMS, {"id": id_, "at": block}).all():
        before = unpacked(postings)
        if not before & bits:
            continue
        if after := before & ~bits:
            changed.append((bytes.fromhex(id_), block, term, packed(after)))
        else:
            conn.execute(delete(search_terms).where(_OF_BLOCK, search_terms.c.term == term), {"id": id_, "at": block})
    dialect.write_postings(conn, changed)


def _blocks(conn: Connection, each: Additions) -> list[dict[str, Any]]:
    rows = []
    for block, (first_ms, last_ms) in each.times.items():
        known = conn.execute(_BLOCK, {"id": each.conversation_id, "at": block}).one_or_none()
        if known is not None:
            first_ms, last_ms = min(known.first_ms, first_ms), max(known.last_ms, last_ms)
        rows.append({"conversation_id": each.conversation_id, "block": block, "first_ms": first_ms, "last_ms": last_ms})
    return rows


def leave_behind(
    conn: Connection, dialect: Dialect, conversation_id: str, first: int, last: int, *, is_end: bool
) -> None:
    """Take the messages of a stretch out of the index; `is_end`: what follows it stays.

    Whole blocks are deleted once the stretch reaches their end, and of the one in which it ends the messages are taken
    out, so that however many steps the stretch is cut into, the terms of a block are read once.
    """
    dialect.insert_new(conn, search_heads, [{"conversation_id": conversation_id, "seq": 0}])
    head = _lock_heads(conn, [conversation_id])[conversation_id]
    if head < last:
        # What is about to be indexed of it is refused, since this row is not where it was.
        conn.execute(update(search_heads).where(search_heads.c.conversation_id == conversation_id), {"seq": last})
    over = range(first // BLOCK, (last + 1) // BLOCK)
    of_blocks = [each.c.conversation_id == conversation_id for each in (search_terms, search_blocks)]
    for block in over:
        conn.execute(delete(search_terms).where(of_blocks[0], search_terms.c.block == block))
        conn.execute(delete(search_blocks).where(of_blocks[1], search_blocks.c.block == block))
    if is_end and (last + 1) % BLOCK:
        _take_out(conn, dialect, conversation_id, last // BLOCK, (1 << last % BLOCK + 1) - 1)


def forget_block(conn: Connection) -> bool:
    """Empty one block of the index, or say that there is none."""
    row = conn.execute(select(search_blocks.c.conversation_id, search_blocks.c.block).limit(1)).one_or_none()
    if row is None:
        return False
    _lock_heads(conn, [row.conversation_id])
    where = {"id": row.conversation_id, "at": row.block}
    conn.execute(delete(search_terms).where(_OF_BLOCK), where)
    conn.execute(
        delete(search_blocks).where(
            search_blocks.c.conversation_id == row.conversation_id, search_blocks.c.block == row.block
        )
    )
    conn.execute(delete(search_heads).where(search_heads.c.conversation_id == row.conversation_id))
    return True
