"""Put a plan into a configuration of nginx (1.18 and later, the open-source one).

nginx has no socket to change a running one: every change is a new file and a reload.  A reload keeps open connections
with the worker processes that have them, so a node that drains is `down` in the new configuration, gets nothing new and
keeps what it has; the price is that old workers stay until their last WebSocket ends, or `worker_shutdown_timeout`.
Nor does it ask nodes for their health: it passes over who does not answer, one request at a time.  Use HAProxy where
nodes come and go often.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from hubbub.cluster.tickets import NODE_PATH, SOCKET_PATH
from hubbub.server.edge.haproxy import ALIVE, refusal
from hubbub.server.edge.plan import Place, Plan
from hubbub.server.settings import Address

_AWAY = HTTPStatus.SERVICE_UNAVAILABLE


class NginxOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides about nginx."""

    listen: Address = Address("127.0.0.1", 8080)
    listen_tcp: Address | None = None
    redirect: Address | None = None
    """Plain HTTP that is sent to HTTPS."""
    certificate: str = ""
    """PEM with chain and key."""
    streams_tls: bool = True
    connections: int = 16_384
    """Per worker process; a proxied connection counts twice."""
    stop_after: str = "24h"
    pid_file: str = ""


def render(plan: Plan, options: NginxOptions) -> str:
    """Return the whole configuration."""
    for path in (options.certificate, options.pid_file):
        if any(letter in path for letter in "\"'\\;{}$# \n\r\t"):
            raise ValueError(f"{path!r} holds letters that nginx would take for its own; choose another path")
    parts = [_main(options), _http(plan, options)]
    if options.listen_tcp is not None:
        parts.append(_stream(plan, options, options.listen_tcp))
    return "\n\n".join(parts) + "\n"


def _main(options: NginxOptions) -> str:
    lines = [
        "# Made by `hubbub edge nginx` from the nodes that live; what is changed here by hand is lost.",
        "worker_processes auto;",
        f"worker_rlimit_nofile {2 * options.connections + 64};",
        f"worker_shutdown_timeout {options.stop_after};",
        "error_log stderr warn;",
    ]
    if options.pid_file:
        lines.append(f"pid {options.pid_file};")
    lines += [
        "# Debian has the stream module in a file of its own.",
        "include /etc/nginx/modules-enabled/*.conf;",
        "events {",
        f"    worker_connections {options.connections};",
        "}",
    ]
    return "\n".join(lines)


def _http(plan: Plan, options: NginxOptions) -> str:
    # 256 letters: the longest node name and its address prefix fit the hash of the map.
    lines = [
        "http {",
        "    access_log off;",
        "    server_tokens off;",
        "    client_max_body_size 0;",
        "    client_header_timeout 10s;",
        "    keepalive_timeout 50s;",
        "    map_hash_bucket_size 256;",
        "",
        "    # /ws/n/NODE goes to that node, or to any other that answers; so does what names nobody.",
        "    map $uri $hubbub_gateway {",
        "        default sockets;",
    ]
    named = [(number, place) for number, place in enumerate(plan.sockets, 1) if not place.draining]
    lines += [f'        "{NODE_PATH}{place.node_id}" socket_{number};' for number, place in named]
    lines += ["    }", "", *_upstream("web", plan.web, "keepalive 32;"), ""]
    lines += _upstream("sockets", plan.sockets, balance="least_conn;")
    for number, place in named:
        others = [each for each in plan.sockets if each != place and each.weight and not each.draining]
        lines += ["", f"    upstream socket_{number} {{", _server(place)]
        lines += [_server(each, " backup") for each in others]
        lines.append("    }")
    lines += ["", *_server_block(options)]
    if options.redirect is not None:
        lines += ["", *_redirect(options.redirect)]
    return "\n".join([*lines, "}"])


def _redirect(listen: Address) -> list[str]:
    return [
        "    server {",
        f"        listen {listen};",
        f"        location = {ALIVE} {{",
        "            return 200;",
        "        }",
        "        location / {",
        "            return 308 https://$host$request_uri;",
        "        }",
        "    }",
    ]


def _server_block(options: NginxOptions) -> list[str]:
    lines = ["    server {"]
    if options.certificate:
        lines += [
            f"        listen {options.listen} ssl http2;",
            f"        ssl_certificate {options.certificate};",
            f"        ssl_certificate_key {options.certificate};",
            "        ssl_protocols TLSv1.2 TLSv1.3;",
        ]
    else:
        lines.append(f"        listen {options.listen};")
    lines += [
        "        proxy_http_version 1.1;",
        "        proxy_set_header Host $http_host;",
        "        # Replaced, not added to: what a client claims about itself is worth nothing.",
        "        proxy_set_header X-Forwarded-For $remote_addr;",
        "        proxy_set_header X-Forwarded-Proto $scheme;",
        '        proxy_set_header Forwarded "";',
        '        proxy_set_header Connection "";',
        "        proxy_connect_timeout 3s;",
        "        proxy_read_timeout 75s;",
        "        proxy_send_timeout 75s;",
        "        error_page 502 504 = @away;",
        "",
        f"        location = {ALIVE} {{",
        "            return 200;",
        "        }",
        "        location @away {",
        "            internal;",
        "            default_type application/problem+json;",
        "            add_header Retry-After 1 always;",
        f"            return 503 '{refusal(_AWAY)}';",
        "        }",
    ]
    lines += [
        f"        location ~ ^{SOCKET_PATH}(/n/[^/]+)?$ {{",
        "            proxy_pass http://$hubbub_gateway;",
        "            proxy_set_header Host $http_host;",
        "            proxy_set_header X-Forwarded-For $remote_addr;",
        "            proxy_set_header X-Forwarded-Proto $scheme;",
        '            proxy_set_header Forwarded "";',
        "            proxy_set_header Upgrade $http_upgrade;",
        '            proxy_set_header Connection "upgrade";',
        "            # An upgrade does nothing by itself: whoever is full or leaving (503) is passed over.",
        "            proxy_next_upstream error timeout http_503;",
        "            # Sockets beat every 25 s and the gateways end the silent ones.",
        "            proxy_read_timeout 1h;",
        "            proxy_send_timeout 1h;",
        "        }",
    ]
    return [
        *lines,
        "        location / {",
        "            proxy_pass http://web;",
        "            proxy_request_buffering off;",
        "        }",
        "    }",
    ]


def _stream(plan: Plan, options: NginxOptions, listen: Address) -> str:
    lines = ["stream {", *_upstream("streams", plan.streams, balance="least_conn;"), "", "    server {"]
    if options.certificate and options.streams_tls:
        lines += [
            f"        listen {listen} ssl;",
            f"        ssl_certificate {options.certificate};",
            f"        ssl_certificate_key {options.certificate};",
            "        ssl_protocols TLSv1.2 TLSv1.3;",
        ]
    else:
        lines.append(f"        listen {listen} so_keepalive=on;")
    lines += [
        "        proxy_pass streams;",
        "        proxy_connect_timeout 3s;",
        "        proxy_timeout 1h;",
        "        proxy_socket_keepalive on;",
        "    }",
        "}",
    ]
    return "\n".join(lines)


def _upstream(name: str, places: tuple[Place, ...], *more: str, balance: str = "") -> list[str]:
    lines = [f"    upstream {name} {{"]
    if balance:
        lines.append(f"        {balance}")
    lines += [_server(place, " down" if place.draining or not place.weight else "") for place in places]
    if not places:
        lines.append("        server 127.0.0.1:1 down; # nobody lives")
    return [*lines, *(f"        {each}" for each in more), "    }"]


def _server(place: Place, state: str = "") -> str:
    weight = f" weight={place.weight}" if place.weight else ""
    return f"        server {place.address}{weight} max_fails=1 fail_timeout=2s{state}; # {place.node_id}"
