"""One breakthrough = one file: the rungs of the ladder, the parts that they share, and the catalogue that lists them."""
