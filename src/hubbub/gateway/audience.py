"""Who may see which entries of a run, when the run itself changes the membership.

A cut is a cut: who is removed gets the entry that removes them and nothing after it, who is added gets the entry that
adds them and what follows, even when all of it travels in one event.
"""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.chat.model import MAX_SEQ, Entry, MemberAction, MemberChange

_OUT = frozenset({MemberAction.LEAVE, MemberAction.REMOVE, MemberAction.BAN})
_IN = frozenset({MemberAction.ADD, MemberAction.JOIN})

Spans = dict[str, list[tuple[int, int]]]
"""By person: the ranges of seq they may see, both ends included.  Who is absent may see everything."""


def changes_members(entries: Sequence[Entry]) -> bool:
    """Whether any of the entries is about members."""
    for entry in entries:  # noqa: SIM110 - a generator costs more than the whole answer
        if type(entry.action) is MemberChange:
            return True
    return False


def spans(entries: Sequence[Entry]) -> Spans:
    """Return what the people whom these entries add or take out may see of them."""
    found: Spans = {}
    for entry in entries:
        change = entry.action
        if type(change) is not MemberChange:
            continue
        if change.action in _OUT:
            for name in change.user_ids or (entry.sender_id,):
                known = found.setdefault(name, [(0, MAX_SEQ)])
                low, high = known[-1]
                if high == MAX_SEQ:
                    known[-1] = (low, entry.seq)
        elif change.action in _IN:
            for name in change.user_ids or (entry.sender_id,):
                known = found.setdefault(name, [])
                if not known or known[-1][1] != MAX_SEQ:
                    known.append((entry.seq, MAX_SEQ))
    return found


def until(ranges: list[tuple[int, int]] | None, last_seq: int) -> list[tuple[int, int]]:
    """Return the ranges cut off after `last_seq`; None stands for everything."""
    *earlier, (low, high) = ranges or [(0, MAX_SEQ)]
    return [*earlier, (low, min(high, last_seq))]


def visible(entries: Sequence[Entry], allowed: Sequence[tuple[int, int]]) -> list[Entry]:
    """Return the entries within the ranges."""
    return [entry for entry in entries if any(low <= entry.seq <= high for low, high in allowed)]
