"""The embedded language model: answers from a profile's own knowledge, without torch."""
