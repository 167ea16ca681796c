"""The judge's commands, by what they are about. :mod:`judge.cli` puts them together."""
