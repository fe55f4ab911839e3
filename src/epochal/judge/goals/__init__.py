"""Goals: how the predictions of one kind of task become one value an item, a file for each kind."""
