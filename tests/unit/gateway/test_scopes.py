"""What a socket may do with a token that was issued to some client for a purpose."""

from __future__ import annotations

import pytest
from support.fake_chat import FOR_EVER_MS
from support.gateways import a_house, text_submit

from hubbub.base.ids import new_id
from hubbub.gateway.dispatch import AT_ONCE, REQUESTS, WITHOUT_WRITING
from hubbub.wire import hubbub_pb2 as pb

READING = f"{FOR_EVER_MS}/read"
BOTH = f"{FOR_EVER_MS}/read+write"


async def test_a_token_that_may_not_read_is_not_let_in() -> None:
    async with a_house() as house:
        client = await house.connect()
        await client.tell(hello=pb.Hello(protocol=1, token=f"romeo/phone/{FOR_EVER_MS}/openid+write"))
        assert await client.closed() == (4403, "insufficient_scope")


async def test_a_token_that_may_only_read_writes_nothing() -> None:
    async with a_house() as house:
        client = await house.enter("romeo", f"phone/{READING}")
        answer = await client.ask(submit=text_submit(new_id(), new_id(), "Soft!"))
        assert answer.submitted.status == pb.SUBMIT_STATUS_REJECTED
        assert answer.submitted.error.code == "insufficient_scope"
        for request in (
            {"set_mark": pb.SetMark(conversation_id=new_id(), read_seq=1)},
            {"create_conversation": pb.CreateConversation(client_id=new_id(), title="Verona")},
            {"open_direct": pb.OpenDirect(user_id=new_id())},
        ):
            assert (await client.ask(**request)).error.code == "insufficient_scope", request
        assert (await client.ask(ping=pb.Ping())).HasField("pong")
        assert (await client.ask(list_conversations=pb.ListConversations())).HasField("conversation_page")


async def test_a_fresh_token_brings_its_own_scope() -> None:
    async with a_house() as house:
        client = await house.enter("romeo", f"phone/{READING}")
        wish = pb.SetTyping(conversation_id=new_id(), typing=True)
        assert (await client.ask(set_typing=wish)).error.code == "insufficient_scope"
        assert (await client.ask(reauthenticate=pb.Reauthenticate(token=f"romeo/phone/{BOTH}"))).HasField("done")
        assert (await client.ask(set_typing=wish)).error.code != "insufficient_scope"
        await client.tell(reauthenticate=pb.Reauthenticate(token=f"romeo/phone/{FOR_EVER_MS}/write"))
        assert await client.closed() == (4403, "insufficient_scope")


@pytest.mark.parametrize("kind", sorted({*AT_ONCE, *REQUESTS}))
def test_whatever_changes_something_needs_the_scope_to_write(kind: str) -> None:
    verbs = ("get", "list", "find", "watch", "hello", "ping", "pong", "reauthenticate", "logout", "search")
    assert (kind in WITHOUT_WRITING) == kind.startswith(verbs)
