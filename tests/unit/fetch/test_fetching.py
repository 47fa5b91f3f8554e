"""Fetching what strangers point at: never from within, never much, never for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hubbub.fetch.fetcher import REDIRECTS, HttpFetcher
from hubbub.fetch.network import PublicNetwork, is_public
from hubbub.links.ports import Refused

HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gbk\r\nContent-Length: 4\r\n\r\nsoft"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.5.5",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:1::",
        "fec0::1",
        "x",
        "",
    ],
)
def test_an_address_within_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_an_address_of_the_internet_is_public() -> None:
    assert all(map(is_public, ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111")))


class Web:
    """A server that answers each path as it was told, and the names that lead to it."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Answer] = {}
        self.asked: list[bytes] = []
        self.names: dict[str, list[list[str]]] = {}
        """By name, what it means the first time, the second …"""
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            answer = self.answers.get(head.split(b" ")[1].decode(), b"HTTP/1.1 404 Not Found\r\n\r\n")
            if isinstance(answer, bytes):
                writer.write(answer)
            else:
                await answer(reader, writer, head)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def resolve(self, host: str, port: int) -> list[str]:
        meanings = self.names.get(host, [["127.0.0.1"]])
        return meanings.pop(0) if len(meanings) > 1 else meanings[0]

    def url(self, path: str, host: str = "verona.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def fetcher(self, fetch_s: float = 5.0, *, inside: bool = True) -> HttpFetcher:
        """Return one that takes this machine for the internet, or one that knows better."""
        if inside:
            network = PublicNetwork(resolve=self.resolve, allows=lambda ip: ip == "127.0.0.1", ports=None)
        else:
            network = PublicNetwork(resolve=self.resolve, ports=None)
        return HttpFetcher(agent="tests", fetch_s=fetch_s, network=network)

    async def get(self, path: str, limit_bytes: int = 1_000, host: str = "verona.example") -> bytes:
        found = await self.fetcher().fetch(self.url(path, host), types=["text/html"], limit_bytes=limit_bytes)
        return found.content

    async def refuses(self, path: str, host: str = "verona.example") -> str:
        with pytest.raises(Refused) as refused:
            await self.get(path, host=host)
        return str(refused.value)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    made = Web()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


async def test_a_page_is_fetched_with_its_type_and_without_a_name_of_anybody(web: Web) -> None:
    web.answers["/"] = HTML
    found = await web.fetcher().fetch(web.url("/"), types=["text/html"], limit_bytes=100)
    assert (found.type, found.charset, found.content) == ("text/html", "gbk", b"soft")
    head = web.asked[0].lower()
    assert b"host: verona.example" in head
    assert b"accept-encoding: identity" in head
    assert not any(word in head for word in (b"cookie", b"authorization", b"referer"))


async def test_an_address_within_is_refused_before_anything_is_sent(web: Web) -> None:
    web.answers["/"] = HTML
    for host in ("127.0.0.1", "localhost", "verona.example", "[::1]"):
        with pytest.raises(Refused, match="not in the public internet"):
            await web.fetcher(inside=False).fetch(web.url("/", host), types=["text/html"], limit_bytes=100)
    web.names["half.example"] = [["8.8.8.8", "127.0.0.1"]]
    with pytest.raises(Refused, match="not in the public internet"):
        await web.fetcher(inside=False).fetch(web.url("/", "half.example"), types=["text/html"], limit_bytes=100)
    assert web.asked == []


async def test_a_redirect_to_an_address_within_is_refused(web: Web) -> None:
    web.names["inner.example"] = [["10.0.0.1"]]
    web.answers["/"] = moved(web.url("/secret", "inner.example"))
    assert "not in the public internet" in await web.refuses("/")
    assert len(web.asked) == 1


async def test_a_name_that_means_something_else_a_moment_later_gains_nothing(web: Web) -> None:
    web.answers["/"] = HTML
    web.names["rebinding.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    # One look: where it is connected to is what was looked at.
    assert await web.get("/", host="rebinding.example") == b"soft"
    assert "not in the public internet" in await web.refuses("/", host="rebinding.example")
    assert len(web.asked) == 1


async def test_only_the_ports_of_the_web_are_reached(web: Web) -> None:
    fetcher = HttpFetcher(agent="tests", fetch_s=5.0, network=PublicNetwork(resolve=web.resolve, allows=lambda _: True))
    with pytest.raises(Refused, match="is not one of the web"):
        await fetcher.fetch(web.url("/"), types=["text/html"], limit_bytes=100)


async def test_redirects_are_followed_a_few_times(web: Web) -> None:
    web.answers |= {f"/{n}": moved(f"/{n + 1}") for n in range(REDIRECTS)}
    web.answers[f"/{REDIRECTS}"] = HTML
    assert await web.get("/0") == b"soft"
    web.answers["/round"] = moved("/round")
    assert "one redirect too many" in await web.refuses("/round")
    for target in ("", "file:///etc/passwd", "http://user:pass@verona.example/", "gopher://x"):
        web.answers["/odd"] = moved(target)
        assert "moved to nowhere" in await web.refuses("/odd")


async def test_no_more_is_read_than_was_asked_for(web: Web) -> None:
    sent = 0

    async def for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            sent += 65_536
            await writer.drain()

    web.answers["/"] = for_ever
    async with asyncio.timeout(10):
        assert len(await web.get("/", limit_bytes=100_000)) == 100_000
    assert sent < 50_000_000


async def test_a_server_that_says_nothing_is_given_up(web: Web) -> None:
    never = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        await never.wait()

    web.answers["/"] = silent
    async with asyncio.timeout(10):
        with pytest.raises(Refused, match="took too long"):
            await web.fetcher(0.05).fetch(web.url("/"), types=["text/html"], limit_bytes=100)
    never.set()


async def test_what_is_packed_or_of_another_type_or_broken_is_refused(web: Web) -> None:
    def answer(status: str, *headers: str) -> bytes:
        return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 1", "", "x"]).encode()

    web.answers["/packed"] = answer("200 OK", "Content-Type: text/html", "Content-Encoding: gzip")
    web.answers["/pdf"] = answer("200 OK", "Content-Type: application/pdf")
    web.answers["/untyped"] = answer("200 OK")
    web.answers["/gone"] = answer("410 Gone", "Content-Type: text/html")
    web.answers["/broken"] = b"SSH-2.0-OpenSSH\r\n"
    assert "is packed" in await web.refuses("/packed")
    assert "is application/pdf" in await web.refuses("/pdf")
    assert "of no type" in await web.refuses("/untyped")
    assert "answers 410" in await web.refuses("/gone")
    assert "Error" in await web.refuses("/broken")
