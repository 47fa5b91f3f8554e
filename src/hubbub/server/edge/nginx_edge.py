"""nginx as the edge: a new file and a reload for every change."""

from __future__ import annotations

import logging
from pathlib import Path

from hubbub.server.edge.files import replace
from hubbub.server.edge.haproxy_edge import Master
from hubbub.server.edge.nginx import NginxOptions, render
from hubbub.server.edge.plan import Plan

_log = logging.getLogger("hubbub.edge")


class NginxEdge:
    """One nginx: its file, and whoever reloads it."""

    def __init__(self, file: Path, options: NginxOptions, master: Master) -> None:
        self._file = file
        self._options = options
        self._master = master
        self._unread = False

    async def apply(self, wanted: Plan) -> None:
        """Make nginx serve the plan."""
        if replace(self._file, render(wanted, self._options)):
            self._unread = True
        if self._unread:
            await self._master.reload()
            self._unread = False
            _log.info(
                "reloaded with %d web, %d sockets, %d streams", *map(len, (wanted.web, wanted.sockets, wanted.streams))
            )
