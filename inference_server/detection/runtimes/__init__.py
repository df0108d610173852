"""One module per runtime that computes the detector."""
