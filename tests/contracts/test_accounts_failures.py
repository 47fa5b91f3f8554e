"""What a peer is told when the database cannot keep an account."""

from __future__ import annotations

from typing import Any, cast

import pytest

from hubbub.base.errors import ChatError, Code
from hubbub.chat.ports import DataRefused, OutcomeUnknown, StoreBusy, StoreError, StoreFull, StoreUnavailable
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.database import Database


class _Broken:
    """A database in which every transaction fails the same way."""

    def __init__(self, error: StoreError) -> None:
        self._error = error

    async def write(self, fn: Any) -> Any:
        raise self._error

    async def read(self, fn: Any, *, single: bool = False) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreFull("SQLITE_FULL"), Code.STORAGE_FULL),
        (OutcomeUnknown("SQLITE_IOERR"), Code.UNKNOWN_OUTCOME),
        (DataRefused("SQLITE_MISMATCH"), Code.BAD_REQUEST),
        (StoreBusy("SQLITE_BUSY"), Code.UNAVAILABLE),
        (StoreUnavailable("SQLITE_CANTOPEN"), Code.UNAVAILABLE),
    ],
)
async def test_a_failing_database_is_told_by_code(error: StoreError, code: Code) -> None:
    store = SqlAccounts(cast("Database", _Broken(error)))
    for waiting in (store.account("0" * 32), store.set_welcomed("0" * 32)):
        with pytest.raises(ChatError) as refused:
            await waiting
        assert refused.value.code is code
        assert str(error.detail[0]) not in str(refused.value)
