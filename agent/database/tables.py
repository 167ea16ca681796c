"""The tables, as queries see them. What makes them is in ``migrations/``."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

_ID = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself in SQLite

callers = Table(
    "callers",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("caller", Text, nullable=False),
    UniqueConstraint("agent", "caller"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("caller_id", ForeignKey("callers.id", ondelete="CASCADE"), nullable=False),
    Column("medium", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("summary", Text, nullable=False, server_default=""),
    Index("calls_of_caller", "caller_id", "began_at"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("caller_id", ForeignKey("callers.id", ondelete="CASCADE"), nullable=False),
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("speaker", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("vector", LargeBinary),
    UniqueConstraint("call_id", "position"),
    Index("turns_of_caller", "caller_id", "at"),
)

facts = Table(
    "facts",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("caller_id", ForeignKey("callers.id", ondelete="CASCADE"), nullable=False),
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("slot", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("superseded_at", Double),
    UniqueConstraint("call_id", "position", "slot"),
    Index("facts_of_caller", "caller_id", "slot"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("until", Double),
    Column("reason", Text, nullable=False),
    Column("lifted_at", Double),
    Index("blocks_of_caller", "agent", "caller"),
)
