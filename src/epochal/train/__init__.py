"""How learning happens: the loop, its budgets, its checkpoints, and experiments made of runs."""
