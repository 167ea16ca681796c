"""How good the judge is, measured in the open.

:mod:`judge.evaluation.evaluate` takes a model and the built set and gives every figure;
:mod:`judge.evaluation.report` writes them down. What a figure means stands with the function
that computes it, and in the report.
"""
