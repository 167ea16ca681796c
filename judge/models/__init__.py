"""The models behind the judge, all with one interface (:mod:`judge.models.base`)."""
