"""Images: listing, decoding, looking for copies, splitting, and the codec that a network sees them through."""
