"""The second step of signing in, in the database: one function per transaction.

A row that is used once is removed or moved on by a statement whose condition is looked at again once the row is locked,
so of any number of racing requests on any number of nodes one succeeds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from hubbub.auth.audit import Act, Deed
from hubbub.auth.factor_ports import Arrival, ForeignAccount, Passkey, Step, Totp
from hubbub.auth.limits import refill
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.auth.failures import SqlFailures
from hubbub.storage.auth.login_rows import account_where
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.database import Database
from hubbub.storage.tables.account import logins, users
from hubbub.storage.tables.factor import arrivals, foreign_accounts, passkeys, recovery_codes, steps, totps

__all__ = ["SqlFactors", "factors_reset"]

_TOTP = [totps.c[name] for name in Totp.__struct_fields__]
_PASSKEY = [passkeys.c[name] for name in Passkey.__struct_fields__]
_STEP = [steps.c[name] for name in Step.__struct_fields__]
_ARRIVAL = [arrivals.c[name] for name in Arrival.__struct_fields__]
_FOREIGN = [foreign_accounts.c[name] for name in ForeignAccount.__struct_fields__]


_GUESSES = "guesses"
_TRIES = 3


class SqlFactors(SqlFailures):
    """A `FactorStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def has_factor(self, user_id: str) -> bool:
        app = exists().where(totps.c.user_id == user_id, totps.c.confirmed)
        key = exists().where(passkeys.c.user_id == user_id)
        return bool(await self._db.read(lambda conn: conn.execute(select(or_(app, key))).scalar_one()))

    async def reset(self, user_id: str, *, within: frozenset[str]) -> bool:
        def work(conn: Connection) -> bool:
            # What somebody may do stays as it is while their row is locked.
            need_over(account_where(conn, users.c.id == user_id, lock=True), within)
            had = False
            for table in (totps, passkeys, recovery_codes):
                had = conn.execute(delete(table).where(table.c.user_id == user_id)).rowcount > 0 or had
            if had:
                note(self._db, conn, [factors_reset(user_id)])
            return had

        return await write_again(self._db, work)

    async def forget(self, user_id: str) -> None:
        # Steps have no index by person, and are gone in minutes.
        kept = (totps, recovery_codes, passkeys, arrivals, foreign_accounts)

        def work(conn: Connection) -> None:
            for table in kept:
                conn.execute(delete(table).where(table.c.user_id == user_id))

        await write_again(self._db, work)

    # ------------------------------------------------------------ apps

    async def totp(self, user_id: str) -> Totp | None:
        return await self._db.read(lambda conn: _totp(conn, user_id))

    async def offer_totp(self, totp: Totp) -> bool:
        def work(conn: Connection) -> bool:
            # The person's row orders two requests when there is no app yet to lock.
            if account_where(conn, users.c.id == totp.user_id, lock=True) is None:
                return False
            found = _totp(conn, totp.user_id)
            if found is not None and found.confirmed:
                return False
            conn.execute(delete(totps).where(totps.c.user_id == totp.user_id))
            conn.execute(insert(totps), [msgspec.structs.asdict(totp)])
            return True

        return await write_again(self._db, work)

    async def confirm_totp(self, user_id: str, secret: bytes, step: int) -> bool:
        waiting = update(totps).where(totps.c.user_id == user_id, totps.c.secret == secret, ~totps.c.confirmed)
        statement = waiting.values(confirmed=True, last_step=step)
        return await write_again(self._db, lambda conn: conn.execute(statement).rowcount > 0)

    async def use_step(self, user_id: str, secret: bytes, step: int) -> bool:
        unused = and_(totps.c.user_id == user_id, totps.c.secret == secret, totps.c.last_step < step)
        statement = update(totps).where(unused, totps.c.confirmed).values(last_step=step)
        return await write_again(self._db, lambda conn: conn.execute(statement).rowcount > 0)

    async def drop_totp(self, user_id: str) -> bool:
        gone = delete(totps).where(totps.c.user_id == user_id)
        return await write_again(self._db, lambda conn: conn.execute(gone).rowcount > 0)

    # ------------------------------------------------------------ recovery codes

    async def recovery_codes_left(self, user_id: str) -> int:
        mine = select(func.count()).select_from(recovery_codes).where(recovery_codes.c.user_id == user_id)
        return await self._db.read(lambda conn: conn.execute(mine).scalar_one())

    async def set_recovery_codes(self, user_id: str, hashes: Sequence[bytes]) -> None:
        def work(conn: Connection) -> None:
            account_where(conn, users.c.id == user_id, lock=True)
            conn.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
            if hashes:
                conn.execute(insert(recovery_codes), [{"user_id": user_id, "code_hash": each} for each in hashes])

        await write_again(self._db, work)

    async def use_recovery_code(self, user_id: str, code_hash: bytes) -> bool:
        this = and_(recovery_codes.c.user_id == user_id, recovery_codes.c.code_hash == code_hash)
        return await write_again(self._db, lambda conn: conn.execute(delete(recovery_codes).where(this)).rowcount > 0)

    # ------------------------------------------------------------ passkeys

    async def add_passkey(self, passkey: Passkey, *, most: int) -> bool:
        def work(conn: Connection) -> bool:
            account_where(conn, users.c.id == passkey.user_id, lock=True)
            mine = select(func.count()).select_from(passkeys).where(passkeys.c.user_id == passkey.user_id)
            known = select(passkeys.c.id).where(passkeys.c.credential_hash == passkey.credential_hash)
            if conn.execute(mine).scalar_one() >= most or conn.execute(known).one_or_none() is not None:
                return False
            conn.execute(insert(passkeys), [msgspec.structs.asdict(passkey)])
            return True

        try:
            return await write_again(self._db, work)
        except IntegrityError:
            # Somebody else registered the same credential a moment ago.
            return False

    async def passkeys(self, user_id: str) -> list[Passkey]:
        mine = select(*_PASSKEY).where(passkeys.c.user_id == user_id).order_by(passkeys.c.id)
        return await self._db.read(lambda conn: [Passkey(*row) for row in conn.execute(mine)])

    async def passkey(self, credential_hash: bytes) -> Passkey | None:
        this = select(*_PASSKEY).where(passkeys.c.credential_hash == credential_hash)
        row = await self._db.read(lambda conn: conn.execute(this).one_or_none())
        return None if row is None else Passkey(*row)

    async def use_passkey(self, passkey_id: str, *, before: int, sign_count: int, now_ms: int) -> bool:
        this = update(passkeys).where(passkeys.c.id == passkey_id, passkeys.c.sign_count == before)
        statement = this.values(sign_count=sign_count, used_ms=now_ms)
        return await write_again(self._db, lambda conn: conn.execute(statement).rowcount > 0)

    async def name_passkey(self, user_id: str, passkey_id: str, name: str) -> Passkey | None:
        this = and_(passkeys.c.id == passkey_id, passkeys.c.user_id == user_id)

        def work(conn: Connection) -> Passkey | None:
            conn.execute(update(passkeys).where(this).values(name=name))
            row = conn.execute(select(*_PASSKEY).where(this)).one_or_none()
            return None if row is None else Passkey(*row)

        return await write_again(self._db, work)

    async def drop_passkey(self, user_id: str, passkey_id: str) -> bool:
        gone = delete(passkeys).where(passkeys.c.id == passkey_id, passkeys.c.user_id == user_id)
        return await write_again(self._db, lambda conn: conn.execute(gone).rowcount > 0)

    # ------------------------------------------------------------ steps

    async def add_step(self, step: Step) -> None:
        row = msgspec.structs.asdict(step) | {"user_id": step.user_id or None}
        await write_again(self._db, lambda conn: conn.execute(insert(steps), [row]))

    async def step(self, step_hash: bytes) -> Step | None:
        return await self._db.read(lambda conn: _step(conn, step_hash))

    async def spend_step(self, step_hash: bytes) -> Step | None:
        def work(conn: Connection) -> Step | None:
            found = _step(conn, step_hash)
            gone = conn.execute(delete(steps).where(steps.c.step_hash == step_hash)).rowcount
            return found if gone else None

        return await write_again(self._db, work)

    async def drop_steps(self, before_ms: int) -> None:
        await write_again(self._db, lambda conn: conn.execute(delete(steps).where(steps.c.expires_ms < before_ms)))

    # ------------------------------------------------------------ guesses

    async def take_guess(self, name_hash: bytes, *, per_hour: float, burst: float, now_ms: int) -> float:
        this = steps.c.step_hash == name_hash

        def work(conn: Connection) -> float:
            # A row among the steps: it is gone by itself once all guesses have come back.
            row = conn.execute(select(steps.c.data).where(this).with_for_update()).one_or_none()
            level, at_ms = json.loads(row.data) if row is not None else (burst, now_ms)
            level = refill(level, now_ms - at_ms, per_hour=per_hour, burst=burst)
            if level < 1:
                return float((1 - level) * 3600 / per_hour)
            level -= 1
            full_ms = now_ms + int((burst - level) * 3_600_000 / per_hour)
            values = {"data": json.dumps([level, now_ms]), "expires_ms": full_ms}
            if row is not None:
                conn.execute(update(steps).where(this).values(values))
            else:
                conn.execute(insert(steps), [{**values, "step_hash": name_hash, "kind": _GUESSES, "user_id": None}])
            return 0.0

        for _ in range(_TRIES):
            try:
                return await write_again(self._db, work)
            except IntegrityError:
                # Another node counted the first guess; this one counts beside it.
                continue
        return await write_again(self._db, work)

    # ------------------------------------------------------------ arrivals

    async def knows_device(self, user_id: str, device_id: str) -> bool:
        known = exists().where(logins.c.user_id == user_id, logins.c.device_id == device_id)
        return bool(await self._db.read(lambda conn: conn.execute(select(known)).scalar_one()))

    async def note_arrival(self, arrival: Arrival, device_id: str, *, settled_ms: int, keep: int) -> bool:
        others = and_(logins.c.user_id == arrival.user_id, logins.c.id != arrival.id)
        known = exists().where(others, logins.c.device_id == device_id)
        settled = exists().where(others, logins.c.created_ms < settled_ms)
        mine = arrivals.c.user_id == arrival.user_id
        newest = select(arrivals.c.id).where(mine).order_by(arrivals.c.time_ms.desc(), arrivals.c.id.desc())

        def work(conn: Connection) -> bool:
            if not conn.execute(select(settled)).scalar_one() or conn.execute(select(known)).scalar_one():
                return False
            conn.execute(insert(arrivals), [msgspec.structs.asdict(arrival)])
            surplus = list(conn.execute(newest).scalars())[keep:]
            if surplus:
                conn.execute(delete(arrivals).where(arrivals.c.id.in_(surplus)))
            return True

        return await write_again(self._db, work)

    async def arrivals(self, user_id: str, limit: int) -> list[Arrival]:
        mine = select(*_ARRIVAL).where(arrivals.c.user_id == user_id)
        newest = mine.order_by(arrivals.c.time_ms.desc(), arrivals.c.id.desc()).limit(limit)
        return await self._db.read(lambda conn: [Arrival(*row) for row in conn.execute(newest)])

    async def drop_arrival(self, user_id: str, arrival_id: str) -> bool:
        gone = delete(arrivals).where(arrivals.c.id == arrival_id, arrivals.c.user_id == user_id)
        return await write_again(self._db, lambda conn: conn.execute(gone).rowcount > 0)

    # ------------------------------------------------------------ accounts somewhere else

    async def foreign_account(self, name_hash: bytes) -> ForeignAccount | None:
        this = select(*_FOREIGN).where(foreign_accounts.c.name_hash == name_hash)
        row = await self._db.read(lambda conn: conn.execute(this).one_or_none())
        return None if row is None else ForeignAccount(*row)

    async def foreign_accounts(self, user_id: str) -> list[ForeignAccount]:
        mine = select(*_FOREIGN).where(foreign_accounts.c.user_id == user_id)
        oldest = mine.order_by(foreign_accounts.c.created_ms, foreign_accounts.c.name_hash)
        return await self._db.read(lambda conn: [ForeignAccount(*row) for row in conn.execute(oldest)])

    async def link_account(self, account: ForeignAccount) -> bool:
        row = msgspec.structs.asdict(account)
        known = select(foreign_accounts.c.user_id).where(foreign_accounts.c.name_hash == account.name_hash)

        def work(conn: Connection) -> bool:
            if conn.execute(known).one_or_none() is not None:
                return False
            conn.execute(insert(foreign_accounts), [row])
            return True

        try:
            return await write_again(self._db, work)
        except IntegrityError:
            # Another node was faster.
            return False

    async def unlink_account(self, user_id: str, name_hash: bytes) -> bool:
        mine = and_(foreign_accounts.c.name_hash == name_hash, foreign_accounts.c.user_id == user_id)
        return await write_again(self._db, lambda conn: conn.execute(delete(foreign_accounts).where(mine)).rowcount > 0)


# ---------------------------------------------------------------- inside a transaction


def factors_reset(user_id: str) -> Deed:
    """Return what the audit log remembers of a second step that was taken away."""
    return Deed(Act.ACCOUNT_SECOND_STEP, user_id, {"taken": "all"})


def _totp(conn: Connection, user_id: str) -> Totp | None:
    row = conn.execute(select(*_TOTP).where(totps.c.user_id == user_id)).one_or_none()
    return None if row is None else Totp(*row)


def _step(conn: Connection, step_hash: bytes) -> Step | None:
    row = conn.execute(select(*_STEP).where(steps.c.step_hash == step_hash)).one_or_none()
    if row is None:
        return None
    return Step(row.step_hash, row.kind, row.user_id or "", row.data, row.expires_ms)
