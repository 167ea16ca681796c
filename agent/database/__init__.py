"""The database in which memory and blocks are kept: SQLite or PostgreSQL, through SQLAlchemy."""
