"""What was found, drawn for people: pages, tables, charts and the atlas. It draws records, and decides nothing."""
