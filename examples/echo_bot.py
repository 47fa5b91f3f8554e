"""A bot that says back what is said to it in private, and in groups when it is mentioned.

    python examples/echo_bot.py http://127.0.0.1:8080 echo      # the password is in HUBBUB_PASSWORD

It answers each message once, also over restarts: its file keeps how far it has read, and the name of an answer is made
from the message it answers, so that an answer that was stored just before a crash is not stored a second time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import uuid

import hubbub
from hubbub.client import Entry, Kind
from hubbub.client.models import Post


def name_of_answer(message: Entry) -> str:
    """Return the client_id of the answer to a message: the same whenever it is asked for."""
    return uuid.uuid5(uuid.UUID(message.conversation_id), f"echo {message.seq}").hex


async def run(server: str, username: str, password: str, store: str) -> None:
    async with hubbub.connect(
        server, username=username, password=password, store=store, since="unread", name="echo bot"
    ) as client:
        print(f"{username} listens", flush=True)
        async for message in client.messages():
            place = client.known.get(message.conversation_id)
            private = place is not None and place.kind is Kind.DIRECT
            mentioned = isinstance(message.action, Post) and client.user_id in message.action.mentions
            if not (private or mentioned):
                continue
            try:
                await client.reply(message, message.text, client_id=name_of_answer(message))
            except hubbub.HubbubError as error:
                # Muted, or removed since: nothing that asking again would change.
                print(f"no answer to {message.seq}: {error}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("server")
    parser.add_argument("username")
    parser.add_argument("--store", default="echo_bot.db", help="where to keep how far it has read")
    chosen = parser.parse_args()
    try:
        asyncio.run(run(chosen.server, chosen.username, os.environ["HUBBUB_PASSWORD"], chosen.store))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
