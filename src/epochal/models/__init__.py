"""One breakthrough = one file: the rungs, the parts that they share, and the catalogue of them."""
