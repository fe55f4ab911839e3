"""What leaves the house: the bundle of weights, codec, labels, calibration, card and evidence."""
