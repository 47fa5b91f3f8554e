"""What every table shares: one metadata, and columns that mean the same on every database.

Ids are 32 hexadecimal digits in Python and 16 bytes in a row; the conversion happens here and nowhere else.  Text that
is compared is compared byte by byte on every database, and times are integer milliseconds because two of the three
databases lose time zones.  This module names no table.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, SmallInteger, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}
"""Rows lie in the order of their primary key, as they do on MySQL."""


def required(name: str, kind: Any, **options: Any) -> Column[Any]:
    """Return a column that is never NULL."""
    return Column(name, kind, nullable=False, **options)


class Id(TypeDecorator[str]):
    """An id: 32 hexadecimal digits outside, 16 bytes inside."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose BINARY(16) on MySQL, whose BLOBs cannot be keys."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.BINARY(16))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Return the 16 bytes; anything but 32 hexadecimal digits raises ValueError."""
        if value is None:
            return None
        if len(value) != 32:
            raise ValueError("not an id")
        return bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Return the 32 digits."""
        return None if value is None else value.hex()


# SQLite gives a rowid alias only to INTEGER, and its INTEGER holds 64 bits.
BigInt = BigInteger().with_variant(Integer(), "sqlite")
"""Sequence numbers, versions and counters."""

Ms = BigInt
"""Milliseconds since 1970-01-01 UTC."""

SmallInt = SmallInteger()
"""Numbers of an enumeration."""

Flag = Boolean()

LongText = Text().with_variant(mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
"""Text of people, whole and byte for byte."""

Bytes = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
"""An encoded value of up to 16 MiB."""


class KeyText(TypeDecorator[str]):
    """Text that can be part of a key."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the collation that compares byte by byte and takes a space at the end for a difference."""
        length = self.impl_instance.length  # type: ignore[attr-defined]
        if dialect.name in ("mysql", "mariadb"):
            collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
            return dialect.type_descriptor(mysql.VARCHAR(length, charset="utf8mb4", collation=collation))
        return dialect.type_descriptor(String(length, "C" if dialect.name == "postgresql" else None))


def key_text(length: int) -> KeyText:
    """Return a text type that can be part of a key and compares byte by byte."""
    return KeyText(length)
