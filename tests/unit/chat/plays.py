"""Random plays: what people of a group might do, in any order, sensible or not."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from unit.chat.world import ANNA, BEN, CLEO, DORA

from hubbub.chat.model import (
    Action,
    Body,
    ConversationChange,
    Dissolved,
    Edit,
    MemberAction,
    MemberChange,
    Pin,
    Post,
    React,
    Recall,
    Role,
)
from hubbub.chat.rights import OwnRole

PEOPLE = (ANNA, BEN, CLEO, DORA)


class Line(msgspec.Struct, frozen=True):
    """Somebody does something, maybe under a key used before, maybe after something else."""

    who: str
    action: Action
    key: int
    after: int = 0
    pause_ms: int = 0


HELPER = OwnRole("e" * 32, "Helper", ("send", "pin", "remove"))

people = st.sampled_from(PEOPLE)
several = st.lists(people, max_size=2, unique=True).map(tuple)
seqs = st.sampled_from((1, 2, 2, 3, 3, 4, 5, 6, 8, 11, 14))
words = st.sampled_from(("one", "two", "three")).map(lambda text: Body(text=text))

posts = st.builds(
    Post,
    body=words,
    reply_to_seq=st.sampled_from((0, 0, 0, 0, 0, 2, 4)),
    thread_seq=st.sampled_from((0, 0, 0, 0, 0, 2, 3)),
    mentions=several,
    mention_all=st.sampled_from((False, False, True)),
)
roots = st.sampled_from((2, 2, 3, 4, 5))
thread_posts = st.builds(Post, body=words, thread_seq=roots, also_in_conversation=st.booleans(), mentions=several)
about_messages = st.one_of(
    st.builds(Edit, target_seq=seqs, body=words, mentions=several, mention_all=st.booleans()),
    st.builds(Recall, target_seq=seqs),
    st.builds(React, target_seq=seqs, emoji=st.sampled_from(("👍", "🎉")), set=st.sampled_from((True, True, False))),
    st.builds(Pin, target_seq=seqs, set=st.booleans()),
)
one_or_two = st.lists(people, min_size=1, max_size=2, unique=True).map(tuple)
about_members = st.one_of(
    st.builds(MemberChange, st.just(MemberAction.ADD), one_or_two, st.just(Role.MEMBER)),
    st.builds(MemberChange, st.sampled_from((MemberAction.REMOVE, MemberAction.BAN, MemberAction.UNBAN)), one_or_two),
    st.builds(MemberChange, st.just(MemberAction.ROLE), one_or_two, st.sampled_from((Role.MEMBER, Role.ADMIN))),
    st.builds(
        MemberChange,
        st.just(MemberAction.ROLE),
        one_or_two,
        st.just(Role.MEMBER),
        own_role=st.sampled_from(("", HELPER.id, HELPER.id)),
    ),
    st.builds(MemberChange, st.just(MemberAction.TRANSFER), people.map(lambda who: (who,))),
    st.builds(
        MemberChange,
        st.just(MemberAction.MUTE),
        one_or_two,
        st.just(Role.NONE),
        st.sampled_from((0, 1_700_000_002_000)),
    ),
    st.just(MemberChange(MemberAction.LEAVE)),
)
about_conversation = st.one_of(
    st.builds(ConversationChange, title=st.sampled_from(("a", "b"))),
    st.builds(ConversationChange, announcement=st.just("read me")),
    st.builds(ConversationChange, history_for_newcomers=st.booleans()),
    st.builds(ConversationChange, mute_all=st.sampled_from((False, False, True))),
    st.builds(ConversationChange, slow_mode_s=st.sampled_from((0, 1))),
    st.builds(ConversationChange, roles=st.sampled_from(((), (HELPER,), (HELPER,)))),
)
rarely = st.one_of(*[about_conversation] * 9, st.just(Dissolved()))
actions = st.one_of(*[posts] * 6, *[thread_posts] * 3, *[about_messages] * 6, *[about_members] * 2, rarely)
"""Weighted so that a play goes on for a while: whoever is banned or dissolved does nothing any more."""
speakers = st.sampled_from((ANNA, ANNA, ANNA, BEN, BEN, BEN, CLEO, CLEO, DORA))
lines = st.builds(
    Line,
    who=speakers,
    action=actions,
    key=st.one_of(st.integers(1, 10), *[st.integers(1, 10_000)] * 4),
    after=st.sampled_from((0, 0, 0, 0, 0, 0, 1, 2, 3)),
    pause_ms=st.sampled_from((0, 0, 1, 700, 2_000, -5_000)),
)
prologue = [
    Line(who, Post(Body(text="prologue"), mentions=(CLEO,)), 20_000 + number)
    for number, who in enumerate((ANNA, BEN, ANNA, CLEO))
]
"""Something to speak about, or most of what follows would be refused."""


def _after_the_prologue(play: list[Line]) -> list[Line]:
    return prologue + play


plays = st.lists(lines, max_size=40).map(_after_the_prologue)
close = st.sampled_from((3, 4, 5, 6, 7))
about_close_messages = st.one_of(
    st.builds(Edit, target_seq=close, body=words, mentions=several, mention_all=st.booleans()),
    st.builds(Recall, target_seq=close),
    *[st.builds(React, target_seq=st.sampled_from((2, 2, 2, 5)), emoji=st.just("👍"), set=st.booleans())] * 4,
    st.builds(Pin, target_seq=close, set=st.booleans()),
)
quiet_actions = st.one_of(*[posts] * 4, *[thread_posts] * 3, *[about_close_messages] * 9, about_members)
quiet_lines = st.builds(Line, who=speakers, action=quiet_actions, key=st.integers(1, 10_000))
quiet_plays = st.lists(quiet_lines, min_size=20, max_size=40).map(_after_the_prologue)
"""Plays in which the group is neither dissolved nor muted, and people keep coming back to the same few messages."""
