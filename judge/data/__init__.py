"""What the judge learns from and is tested on: loaders, variants, and the built set."""
