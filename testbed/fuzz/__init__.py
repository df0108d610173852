"""Attacks on the inference server with damaged images and requests."""
