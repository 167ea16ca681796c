"""Brings a store's tables to the version of this program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from agent.database.errors import StoreError


def migrate(connection: Connection) -> None:
    """Run the migrations in ``migrations/`` that the store has not seen; blocks.

    Raises:
        StoreError: The store was written by a later version of the program.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"the database has a version that this program does not know ({error}); "
            "run the program that wrote it, or a later one",
            retry=False,
        ) from error
