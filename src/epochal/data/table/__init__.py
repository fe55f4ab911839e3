"""Tables: rows of numbers, categories, dates and texts, with one column to predict."""
