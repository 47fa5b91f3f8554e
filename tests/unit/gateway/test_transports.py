"""TLS on the TCP port, and two dialects that say the same."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.fake_chat import an_id
from support.gateways import TcpClient, a_house, text_submit

from hubbub.base.ids import new_id
from hubbub.wire import hubbub_pb2 as pb

ROMEO = an_id("romeo")


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The TLS contexts of a server and of a client that trusts it, for one throw-away certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = tmp_path / "certificate.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pem, key_file)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_tcp_over_tls_serves_like_any_other(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = contexts
    async with a_house(tcp=True, tls=server) as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        tcp = await TcpClient.connect(house.tcp_port, client)
        await tcp.hello("romeo/phone")
        assert (await tcp.submit(room, new_id(), "in private")).seq == 2
        assert await tcp.hears() == ["in private"]
        await tcp.tell(logout=pb.Logout())
        assert (await tcp.answer(3)).WhichOneof("body") == "done"
        with pytest.raises(EOFError):
            await tcp.frame()
        await tcp.leave()


async def test_plain_text_on_the_tls_port_gets_nowhere(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, _ = contexts
    async with a_house(tcp=True, tls=server) as house:
        tcp = await TcpClient.connect(house.tcp_port)
        await tcp.tell(hello=pb.Hello(protocol=1, token="romeo/phone"))
        # What comes back is a TLS alert at most, and then the end.
        async with asyncio.timeout(5):
            assert len(await tcp.reader.read()) < 64
        await tcp.leave()
        assert house.gateway.people == 0


async def test_both_dialects_answer_the_same_requests_the_same() -> None:
    async with a_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        for number in range(3):
            await house.chat.say(room, f"Übung {number} 🌒", ROMEO)
        async with (
            await house.enter("romeo", "phone") as binary,
            await house.enter("romeo", "tablet", json=True) as json,
        ):
            requests: list[dict[str, Any]] = [
                {"get_entries": pb.GetEntries(conversation_id=room)},
                {"get_conversation": pb.GetConversation(conversation_id=room)},
                {"get_conversation": pb.GetConversation(conversation_id=new_id())},
                {"list_conversations": pb.ListConversations()},
                {"get_users": pb.GetUsers(user_ids=[ROMEO])},
                {"submit": text_submit("x", "y", "z")},
                {"get_user_state": pb.GetUserState()},
            ]
            for request in requests:
                assert await binary.ask(**request) == await json.ask(**request)
            info = (await json.ask(get_server_info=pb.GetServerInfo())).server_info
            assert (info.name, info.epoch) == ("hubbub", house.chat.the_epoch)
