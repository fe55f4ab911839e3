"""What we ask: climbs up the ladder, single rungs, changes of one ingredient, and the reports of them."""
