"""How the judge's models learn. Needs torch and peft, which nothing that serves calls does."""

from typing import Final

PACKAGES: Final = frozenset({"torch", "peft", "transformers", "onnx", "safetensors"})
"""Top-level packages of the ``train`` extra that may not be there."""
