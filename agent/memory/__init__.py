"""What is remembered of callers: within a call, and from one call to the next."""
