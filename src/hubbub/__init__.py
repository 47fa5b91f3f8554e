"""Hubbub: distributed instant messaging in which nothing acknowledged is lost, doubled or reordered.

    import hubbub

    async with hubbub.connect("http://127.0.0.1:8080", username="echo", password="...") as client:
        async for message in client.messages():
            await client.reply(message, message.text)

The SDK is `hubbub.client`; its most used names are here too, and are imported only when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubbub.client import Client, HubbubError, connect

__version__ = "0.1.0"
__all__ = ["Client", "HubbubError", "__version__", "connect"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hubbub import client

    return getattr(client, name)
