"""When the caller's turn begins and ends."""
