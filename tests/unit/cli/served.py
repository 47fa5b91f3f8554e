"""A site behind a real port, for commands that speak HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from unit.rest.site import Site, a_site

from hubbub.auth.setup_link import setup_link, write_setup_link
from hubbub.rest.app import create_app


@asynccontextmanager
async def served(folder: Path, **options: Any) -> AsyncIterator[tuple[Site, str]]:
    """Serve a site, made with these options, on a free port, its set-up link in `folder`."""
    async with a_site(**options) as site:
        app = create_app(site.deps_without_metrics())
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        # It listens before the server starts, so the first request waits instead of failing.
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            token = await site.accounts.setup_token()
            assert token is not None
            write_setup_link(folder, setup_link(url, token))
            try:
                yield site, url
            finally:
                server.should_exit = True
