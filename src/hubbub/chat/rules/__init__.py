"""The rules of chat: what a command may do, decided over rows and nothing else.

Pure: no I/O, no clock, no encoding.  `needs(commands)` says which rows to lock and load, `plan(commands, facts, now)`
what to write and what to answer.  A rule that needs a further row names it in `needs`; it never reads on its own.
"""

from hubbub.chat.rules.commands import (
    Command,
    Create,
    Establish,
    Expire,
    Join,
    Keep,
    Leave,
    OpenDirect,
    Outcome,
    Send,
    Settled,
    digest_of_action,
)
from hubbub.chat.rules.planner import Plan, needs, plan

__all__ = [
    "Command",
    "Create",
    "Establish",
    "Expire",
    "Join",
    "Keep",
    "Leave",
    "OpenDirect",
    "Outcome",
    "Plan",
    "Send",
    "Settled",
    "digest_of_action",
    "needs",
    "plan",
]
