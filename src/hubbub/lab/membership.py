"""Who may see which numbers of a conversation, worked out again from its entries alone.

The server decides cuts inside its transactions; this fold reads the finished log and decides them a second time, so
that a checker need not believe what the server says about itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from hubbub.lab.columns import Fact

NO_END = 2**63 - 1
ADD, JOIN, LEAVE, REMOVE, BAN = 1, 2, 3, 4, 5
DIRECT, GROUP, CHANNEL, SYSTEM = 1, 2, 3, 4


def intervals(
    facts: Mapping[int, Fact], senders: Mapping[int, str], *, open_history: bool = True
) -> dict[str, list[tuple[int, int]]] | None:
    """Return each person's intervals by the log; None when joining leaves no entry (channels, announcements).

    The entry that ends a membership is the last one its person sees.
    """
    created = facts.get(1)
    if created is None or created.kind != "created" or created.conversation_kind not in (DIRECT, GROUP):
        return None
    direct = created.conversation_kind == DIRECT
    since: dict[str, int] = dict.fromkeys(created.user_ids, 1)
    if senders.get(1):
        since[senders[1]] = 1
    past: dict[str, list[tuple[int, int]]] = {}
    for seq in sorted(facts):
        fact = facts[seq]
        if fact.kind == "change" and fact.history_for_newcomers is not None:
            open_history = fact.history_for_newcomers
        if fact.kind != "member" or direct:
            continue
        people = fact.user_ids or (senders.get(seq, ""),)
        for person in people:
            if fact.action in (ADD, JOIN) and person not in since:
                since[person] = 1 if open_history else seq
            elif fact.action in (LEAVE, REMOVE, BAN) and person in since:
                past.setdefault(person, []).append((since.pop(person), seq))
    for person, low in since.items():
        past.setdefault(person, []).append((low, NO_END))
    return past
