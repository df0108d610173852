"""The Inference server of Home Security Intelligence."""
