"""How the tables come to be, and how they change under a database that holds data.

The steps are Alembic revisions, run from inside the program over the connection it already has: there is no
configuration file, and a server brings its own database up to date at start.

Steps only add, so that programs of the version before run on beside it, and can be gone back to (docs/decisions/0016).
The first digit of a revision counts the times something was taken away: a newer schema with the same first digit is
served as it is, one with another is refused instead of guessed at.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from hubbub.storage.failures import NewerSchema

# Importing fills the metadata.
from hubbub.storage.tables import (
    account,
    audit,
    chat,
    client,
    cluster,
    emoji,
    factor,
    file,
    hold,
    invite,
    letter,
    link,
    moderation,
    push,
    reminder,
    role,
    search,
    session,
)
from hubbub.storage.tables.schema import metadata

__all__ = [
    "HEAD",
    "account",
    "audit",
    "chat",
    "client",
    "cluster",
    "emoji",
    "factor",
    "file",
    "hold",
    "invite",
    "letter",
    "link",
    "moderation",
    "push",
    "reminder",
    "revision",
    "role",
    "search",
    "session",
    "upgrade",
]

HEAD = "0027"
"""The newest revision in `versions`."""


def upgrade(conn: Connection) -> None:
    """Bring the schema to this program's version, in the transaction that the caller has begun.

    One that is beyond is left as it is; raises NewerSchema when it has lost what this program needs.
    """
    found = revision(conn)
    if suits(found):
        # Alembic is slow to import, and nearly every start ends here.
        return
    _run(conn, found)


def suits(found: str | None) -> bool:
    """Return whether this program serves on that schema as it is."""
    return found is not None and found >= HEAD and found[0] == HEAD[0]


def revision(conn: Connection) -> str | None:
    """Return the version of the schema; None: there are no tables."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _run(conn: Connection, found: str | None) -> None:
    config_module = importlib.import_module("alembic.config")
    environment = importlib.import_module("alembic.runtime.environment")
    script_module = importlib.import_module("alembic.script")

    config = config_module.Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    script = script_module.ScriptDirectory.from_config(config)
    known = {step.revision for step in script.walk_revisions()}
    if found is not None and found not in known:
        raise NewerSchema(found)

    def steps(current: Any, context: Any) -> Any:
        return script._upgrade_revs("head", current)

    with environment.EnvironmentContext(config, script, fn=steps, destination_rev="head") as env:
        env.configure(connection=conn, target_metadata=metadata, render_as_batch=True)
        env.run_migrations()
