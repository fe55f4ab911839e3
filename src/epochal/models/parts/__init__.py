"""Ingredients that several models share: each a pure function first, a module second, with a card."""
