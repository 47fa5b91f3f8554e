"""From hello to a delivered message, on every transport."""

from __future__ import annotations

from support.fake_chat import an_id
from support.gateways import TcpClient, a_house, text_submit

from hubbub.base.ids import new_id
from hubbub.wire import hubbub_pb2 as pb

ROMEO, JULIET = an_id("romeo"), an_id("juliet")


async def test_a_message_is_acknowledged_and_delivered() -> None:
    async with a_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        async with await house.enter("romeo") as romeo, await house.enter("juliet") as juliet:
            client_id = new_id()
            answer = await romeo.submit(room, client_id, "But soft!")
            assert answer.status == pb.SUBMIT_STATUS_ACCEPTED
            assert (answer.seq, answer.conversation_id, answer.client_id) == (2, room, client_id)
            push = (await juliet.push("entries")).entries
            assert (push.from_seq, push.to_seq) == (2, 2)
            assert push.entries[0].message.body.text.text == "But soft!"
            assert push.entries[0].sender_id == ROMEO
            assert (await romeo.push("entries")).entries.entries[0].client_id == client_id


async def test_three_transports_carry_the_same_frames() -> None:
    async with a_house(tcp=True) as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        tcp = await TcpClient.connect(house.tcp_port)
        await tcp.hello("juliet/tcp")
        async with await house.enter("juliet", "web", json=True) as web, await house.enter("romeo") as romeo:
            await romeo.submit(room, new_id(), "What light?")
            over_json, over_tcp = await web.push("entries"), await tcp.push("entries")
            assert over_json == over_tcp
            answer = await tcp.submit(room, new_id(), "Ay me!")
            assert answer.seq == 3
            answer = (await web.ask(submit=text_submit(room, new_id(), "Again"))).submitted
            assert answer.seq == 4
        await tcp.leave()
