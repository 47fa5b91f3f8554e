"""Buckets: a few hundred topics that stand for any number of people and conversations.

A bus cannot afford a subscription for each of a million conversations, so ids are hashed into a fixed number of
buckets, and a node subscribes to the buckets of those it cares for.  Everybody must count alike: the number and the
hash are stored in the database, and a node that has others refuses to start.
"""

from __future__ import annotations

from zlib import crc32

HASH_NAME = "crc32"
"""What is stored beside the number of buckets; another hash needs another name."""


def bucket_of(id_: str, buckets: int) -> int:
    """Return the bucket of an id, in [0, buckets)."""
    return crc32(id_.encode("ascii")) % buckets
