"""The words of the house: tasks, recipes, runs, experiments, and the protocols between rooms."""
