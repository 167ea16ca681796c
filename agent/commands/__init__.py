"""Groups of ``interject`` commands."""
