"""A connection pool to the database, with errors in words of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from agent.database.errors import StoreError
from agent.database.migration import migrate

_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
_BUSY_MS: Final = 2000
_CONNECT_S: Final = 3


class Database:
    """The database that an address names.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/DATABASE``.

    Raises:
        StoreError: The URL is none of these.
    """

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
            backend = self._url.get_backend_name()
            self._url = self._url.set(drivername=_DRIVERS[backend])
        except (ArgumentError, KeyError) as error:
            raise StoreError(
                "the database's address must be sqlite:///FILE or "
                "postgresql://USER:PASSWORD@HOST/DATABASE",
                retry=False,
            ) from error
        self.is_sqlite = backend == "sqlite"
        self._engine: AsyncEngine | None = None

    def __str__(self) -> str:
        """Its address without the password."""
        return self._url.set(drivername=self._url.get_backend_name()).render_as_string()

    async def open(self) -> None:
        """Connect, and bring the tables to this version."""
        if self._engine is not None:
            return
        engine = self._new_engine()
        try:
            async with _translated(self), engine.begin() as connection:
                await connection.run_sync(migrate)
        except StoreError:
            await engine.dispose()
            raise
        self._engine = engine

    def _new_engine(self) -> AsyncEngine:
        if not self.is_sqlite:
            return create_async_engine(
                self._url,
                pool_pre_ping=True,
                pool_timeout=_CONNECT_S,
                connect_args={"connect_timeout": _CONNECT_S},
            )
        if self._url.database:
            file = Path(self._url.database)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)  # what people said is nobody else's business
            except OSError as error:
                raise StoreError(f"{file}: {error.strerror}") from error
        engine = create_async_engine(self._url)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine

    async def close(self) -> None:
        """Let go of the connections."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose statements take effect together, or not at all.

        Raises:
            StoreError: The database is not open, or does not do what it is asked.
        """
        if self._engine is None:
            raise StoreError("the database is not open")
        async with _translated(self), self._engine.begin() as connection:
            yield connection

    def insert(self, table: Table) -> Any:
        """An insertion that leaves what is there already."""
        make = sqlite.insert if self.is_sqlite else postgresql.insert
        return make(table).on_conflict_do_nothing()


@asynccontextmanager
async def _translated(database: Database) -> AsyncIterator[None]:
    """Whatever the database says is a :class:`StoreError`, without addresses and passwords."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        lines = str(cause).strip().splitlines()
        said = lines[0] if lines else type(cause).__name__
        # What breaks a rule of the tables breaks it again.
        retry = not isinstance(error, IntegrityError | ProgrammingError)
        raise StoreError(f"{database}: {said}", retry=retry) from error


def _prepare_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={_BUSY_MS}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
