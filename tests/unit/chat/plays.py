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

PEOPLE = (ANNA, BEN, CLEO, DORA)


class Line(msgspec.Struct, frozen=True):
    """Somebody does something, maybe under a key used before, maybe after something else."""

    who: str
    action: Action
    key: int
    after: int = 0
    pause_ms: int = 0


people = st.sampled_from(PEOPLE)
several = st.lists(people, max_size=2, unique=True).map(tuple)
seqs = st.integers(1, 14)
words = st.sampled_from(("one", "two", "three")).map(lambda text: Body(text=text))

posts = st.builds(
    Post,
    body=words,
    reply_to_seq=st.sampled_from((0, 0, 0, 2, 5)),
    thread_seq=st.sampled_from((0, 0, 0, 2, 3)),
    mentions=several,
    mention_all=st.sampled_from((False, False, True)),
)
thread_posts = st.builds(Post, body=words, thread_seq=seqs, also_in_conversation=st.booleans(), mentions=several)
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
)
actions = st.one_of(
    posts, posts, thread_posts, about_messages, about_messages, about_members, about_conversation, st.just(Dissolved())
)
lines = st.builds(
    Line,
    who=people,
    action=actions,
    key=st.integers(1, 40),
    after=st.sampled_from((0, 0, 0, 1, 2, 3)),
    pause_ms=st.sampled_from((0, 0, 1, 700, 2_000, -5_000)),
)
plays = st.lists(lines, max_size=40)
quiet_actions = st.one_of(posts, posts, posts, thread_posts, about_messages, about_messages, about_members)
quiet_plays = st.lists(
    st.builds(Line, who=people, action=quiet_actions, key=st.integers(1, 10_000)), min_size=1, max_size=40
)
"""Plays in which the group is neither dissolved nor muted, so that more of them comes to pass."""
