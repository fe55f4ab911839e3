"""The judge: pure functions on predictions, from a metric and its interval to a verdict in plain words."""
