"""One real server of each kind for a whole run of the tests, started when the first test asks for it.

A test that only needs a bus or a database takes the fixture and, for a database, an empty one of its own:

    async def test_…(postgres_url: str, nats_server: NatsServer) -> None: ...

Tests that stop, pause or kill a server start their own: `with NatsServer() as nats: …`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hubbub.lab.servers import MariaDbServer, NatsServer, PostgresServer, RedisServer, SeaweedServer


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """A bus; tests share it, so each names its subjects itself."""
    with NatsServer(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDbServer]:
    with MariaDbServer(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def seaweed_server() -> Iterator[SeaweedServer]:
    """An S3-compatible store; tests share its bucket, so each has a prefix of its own."""
    with SeaweedServer(durable=False) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of an empty database."""
    return postgres_server.new_database()


@pytest.fixture
def mariadb_url(mariadb_server: MariaDbServer) -> str:
    """The URL of an empty database."""
    return mariadb_server.new_database()
