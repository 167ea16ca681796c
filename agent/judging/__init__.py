"""The judgement loop of a call: when the judge is asked, about what, and what follows."""
