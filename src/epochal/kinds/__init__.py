"""Kinds of tasks: what is asked of which data, and the ladder that climbs it."""
