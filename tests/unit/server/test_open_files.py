"""How many files, and so connections, the process may have open."""

from __future__ import annotations

import resource

from hubbub.server.lifecycle import allow_open_files


def test_the_server_uses_all_the_open_files_it_is_granted() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        allow_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
