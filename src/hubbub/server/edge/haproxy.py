"""Put a plan into a configuration of HAProxy (2.4 and later).

Each pool has numbered slots.  Nodes are in the first ones, the others wait, disabled, to be filled over the admin
socket: nodes come, drain and go without a reload, and a reload happens only when a pool runs out of slots.

A socket with the address `/ws/n/NODE` goes to that node, whose slot a map names; when it is gone, draining or does not
answer, to any other, since every gateway serves every client.

What is not done: HAProxy adds to and removes from no answer, and its own refusals are a problem document that says
"try again", as the server's are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from hubbub.base.errors import TABLE, Code
from hubbub.cluster.tickets import NODE_PATH, SOCKET_PATH
from hubbub.server.edge.plan import Place, Plan
from hubbub.server.settings import Address

ALIVE = "/edgez"
"""Path that the edge answers by itself, for whoever watches it; the nodes' own is /healthz."""
NODES_MAP = "nodes.map"
"""The file of the names of gateways and their slots, beside the configuration."""

POOLS = (("web", "web"), ("sockets", "ws"), ("streams", "tcp"))
"""Backend, which is also the pool of the plan, and how its slots begin."""


class HaproxyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides about HAProxy."""

    listen: Address = Address("127.0.0.1", 8080)
    listen_tcp: Address | None = None
    redirect: Address | None = None
    """Plain HTTP that is sent to HTTPS."""
    certificate: str = ""
    """PEM with chain and key; with it the public address is TLS."""
    streams_tls: bool = True
    """Whether the certificate also covers raw TCP; not, when the nodes do TLS on it themselves."""
    admin_socket: str = ""
    """Path of the admin socket; without one nothing can be changed but by a reload."""
    map_file: str = ""
    """Path of the map from nodes to slots; without one the nodes are written into the text."""
    connections: int = 0
    """At most so many; 0 leaves it to HAProxy, which goes by the open files it may have."""
    stop_after: str = "24h"
    """How long a process replaced by a reload may go on with the connections it has."""


def slots_for(places: int) -> int:
    """How many slots a pool of this size gets: room to double, and never fewer than sixteen."""
    wanted = 16
    while wanted < 2 * places:
        wanted *= 2
    return wanted


def render(plan: Plan, options: HaproxyOptions) -> str:
    """Return the whole configuration."""
    parts = [_global(options), _defaults(), _public(plan, options)]
    if options.redirect is not None:
        parts.append(_redirect(options.redirect))
    parts += [_web(plan), _sockets(plan)]
    if options.listen_tcp is not None:
        parts += [_streams_front(options, options.listen_tcp), _streams(plan)]
    return "\n\n".join(parts) + "\n"


def render_map(plan: Plan) -> str:
    """Return the map's text: the node and its slot, one per line; nodes that drain are in no map."""
    return "".join(f"{node} {slot}\n" for node, slot in named_slots(plan).items())


def named_slots(plan: Plan) -> dict[str, str]:
    """Return the slots of nodes that take sockets, as a freshly rendered configuration has them."""
    return {place.node_id: f"ws{number}" for number, place in enumerate(plan.sockets, 1) if not place.draining}


def _global(options: HaproxyOptions) -> str:
    lines = [
        "# Made by `hubbub edge haproxy` from the nodes that live; what is changed here by hand is lost.",
        "global",
        "    log stdout format raw local0 notice",
        f"    hard-stop-after {options.stop_after}",
    ]
    if options.connections:
        lines.append(f"    maxconn {options.connections}")
    if options.admin_socket:
        lines += [
            f"    stats socket unix@{_quoted(options.admin_socket)} mode 600 level admin expose-fd listeners",
            "    stats timeout 30s",
        ]
    if options.certificate:
        lines += [
            "    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
            "    # Sockets come over HTTP/1.1; some browsers stumble over WebSockets inside HTTP/2.",
            "    h2-workaround-bogus-websocket-clients",
        ]
    return "\n".join(lines)


def _defaults() -> str:
    lines = [
        "defaults",
        "    mode http",
        "    log global",
        "    option dontlognull",
        "    option clitcpka",
        "    option srvtcpka",
        "    option redispatch 1",
        "    retries 3",
        "    timeout connect 3s",
        "    timeout client 75s",
        "    timeout server 75s",
        "    timeout http-request 10s",
        "    timeout http-keep-alive 50s",
        "    timeout queue 5s",
        "    timeout check 2s",
        "    # Sockets beat every 25 s and the gateways end the silent ones; this clears away what both ends forgot.",
        "    timeout tunnel 1h",
        "    timeout client-fin 30s",
        "    timeout server-fin 30s",
        "    default-server check inter 1s fastinter 500ms downinter 1s fall 3 rise 1 init-addr last,libc,none",
    ]
    refusals = [
        f"    http-error status {int(status)} content-type application/problem+json "
        f"string '{refusal(status)}' hdr retry-after 1"
        for status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
    ]
    return "\n".join(lines + refusals)


def refusal(status: HTTPStatus) -> str:
    """Return the problem document of an edge that reaches nobody."""
    row = TABLE[Code.UNAVAILABLE]
    return json.dumps({"code": Code.UNAVAILABLE.value, "title": row.en, "status": int(status), "retry": row.retry})


def _public(plan: Plan, options: HaproxyOptions) -> str:
    bind = f"    bind {options.listen}"
    if options.certificate:
        bind += f" ssl crt {_quoted(options.certificate)} alpn h2,http/1.1"
    lines = [
        "frontend public",
        bind,
        f"    monitor-uri {ALIVE}",
        "    # Replaced, not added to: what a client claims about itself is worth nothing.",
        "    http-request del-header forwarded",
        "    http-request set-header x-forwarded-for %[src]",
        f"    http-request set-header x-forwarded-proto {'https' if options.certificate else 'http'}",
        f"    acl of_node path_reg ^{NODE_PATH}[^/]+$",
        "    http-request set-var(txn.node) path,field(4,/),url_dec if of_node",
    ]
    if options.map_file:
        lines.append(
            f"    http-request set-var(txn.slot) var(txn.node),map_str({_quoted(options.map_file)}) "
            "if { var(txn.node) -m found }"
        )
    else:
        lines += [
            f"    http-request set-var(txn.slot) str({slot}) if {{ var(txn.node) -m str {node} }}"
            for node, slot in named_slots(plan).items()
        ]
    lines += [
        f"    use_backend sockets if of_node or {{ path {SOCKET_PATH} }}",
        "    default_backend web",
    ]
    return "\n".join(lines)


def _redirect(listen: Address) -> str:
    return "\n".join(
        [
            "frontend plain",
            f"    bind {listen}",
            f"    monitor-uri {ALIVE}",
            "    http-request redirect scheme https code 308",
        ]
    )


def _web(plan: Plan) -> str:
    return "\n".join(
        [
            "backend web",
            "    balance roundrobin",
            "    option httpchk GET /healthz",
            "    http-check expect status 200",
            "    # A request that may have been carried out is not sent twice.",
            "    retry-on conn-failure empty-response",
            "    http-request disable-l7-retry unless METH_GET",
            *_servers("web", plan.web),
        ]
    )


def _sockets(plan: Plan) -> str:
    return "\n".join(
        [
            "backend sockets",
            "    balance leastconn",
            "    option httpchk GET /healthz",
            "    http-check expect status 200",
            "    # An upgrade does nothing by itself: whoever is full or leaving (503) is passed over.",
            "    retry-on conn-failure empty-response 503",
            "    http-request disable-l7-retry unless METH_GET",
            "    use-server %[var(txn.slot)] if { var(txn.slot) -m found }",
            *_servers("ws", plan.sockets),
        ]
    )


def _streams_front(options: HaproxyOptions, listen: Address) -> str:
    bind = f"    bind {listen}"
    if options.certificate and options.streams_tls:
        bind += f" ssl crt {_quoted(options.certificate)}"
    return "\n".join(["frontend streams_public", "    mode tcp", bind, "    default_backend streams"])


def _streams(plan: Plan) -> str:
    return "\n".join(["backend streams", "    mode tcp", "    balance leastconn", *_servers("tcp", plan.streams)])


def _servers(prefix: str, places: Sequence[Place]) -> list[str]:
    lines = []
    for number, place in enumerate(places, 1):
        # Weight 0 takes nothing new; the admin socket says `drain` for the same.
        weight = 0 if place.draining else place.weight
        note = "draining" if place.draining else ""
        lines.append(f"    server {prefix}{number} {place.address} weight {weight} # {place.node_id} {note}".rstrip())
    count = slots_for(len(places))
    lines.append(f"    server-template {prefix} {len(places) + 1}-{count} 127.0.0.1:1 disabled")
    return lines


def _quoted(path: str) -> str:
    """Return a path as one word.  Raises ValueError for what HAProxy cannot be given."""
    if any(letter in path for letter in "\"'\\\n\r\t #,;()$%"):
        raise ValueError(f"{path!r} holds letters that HAProxy would take for its own; choose another path")
    return path
