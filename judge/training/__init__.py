"""How the judge's models learn. Needs torch and peft, which nothing that serves calls does."""
