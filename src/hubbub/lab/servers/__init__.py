"""Real servers for tests, the fault lab and a cluster on one machine: each a process of its own on a loopback port.

All have one shape (`server.Server`): built with a folder, started until they answer, stopped, killed, paused, started
again on the same port with their data.  Whatever ends this process, none of them outlives it.
"""

from hubbub.lab.servers.binaries import MissingProgram
from hubbub.lab.servers.haproxy import HaproxyServer
from hubbub.lab.servers.mariadb import MariaDbServer
from hubbub.lab.servers.nats import NatsServer
from hubbub.lab.servers.postgres import PostgresServer
from hubbub.lab.servers.redis import RedisServer
from hubbub.lab.servers.seaweed import SeaweedServer
from hubbub.lab.servers.server import Server, ServerFailed
from hubbub.lab.servers.slapd import SlapdServer

__all__ = [
    "HaproxyServer",
    "MariaDbServer",
    "MissingProgram",
    "NatsServer",
    "PostgresServer",
    "RedisServer",
    "SeaweedServer",
    "Server",
    "ServerFailed",
    "SlapdServer",
]
