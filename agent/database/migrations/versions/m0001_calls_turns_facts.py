"""Callers, calls, turns and facts, and what turns are searched by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SQLITE = (
    # The caller is indexed beside the words, or a search would read everybody's.
    """CREATE VIRTUAL TABLE turns_text USING fts5(
        caller_id, text, content='turns', content_rowid='id', tokenize='porter unicode61')""",
    """CREATE TRIGGER turns_text_in AFTER INSERT ON turns BEGIN
        INSERT INTO turns_text(rowid, caller_id, text) VALUES (new.id, new.caller_id, new.text);
    END""",
    """CREATE TRIGGER turns_text_out AFTER DELETE ON turns BEGIN
        INSERT INTO turns_text(turns_text, rowid, caller_id, text)
        VALUES ('delete', old.id, old.caller_id, old.text);
    END""",
)
_POSTGRESQL = (
    "ALTER TABLE turns ADD COLUMN words tsvector "
    "GENERATED ALWAYS AS (to_tsvector('english', text)) STORED",
)


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "callers",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.UniqueConstraint("agent", "caller"),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, primary_key=True),
        _caller_id(),
        sa.Column("medium", sa.Text, nullable=False),
        sa.Column("began_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("summary", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("calls_of_caller", "calls", ["caller_id", "began_at"])
    op.create_table(
        "turns",
        sa.Column("id", _ID, primary_key=True),
        _caller_id(),
        _call_id(),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("speaker", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("vector", sa.LargeBinary),
        sa.UniqueConstraint("call_id", "position"),
    )
    op.create_index("turns_of_caller", "turns", ["caller_id", "at"])
    op.create_table(
        "facts",
        sa.Column("id", _ID, primary_key=True),
        _caller_id(),
        _call_id(),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("superseded_at", sa.Double),
        sa.UniqueConstraint("call_id", "position", "slot"),
    )
    op.create_index("facts_of_caller", "facts", ["caller_id", "slot"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def _caller_id() -> sa.Column[int]:
    return sa.Column(
        "caller_id", _ID, sa.ForeignKey("callers.id", ondelete="CASCADE"), nullable=False
    )


def _call_id() -> sa.Column[str]:
    return sa.Column(
        "call_id", sa.Text, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False
    )
