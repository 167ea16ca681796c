"""The models that serve the roles of the pipeline: hearing, thinking, speaking."""
