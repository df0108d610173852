"""A fuzzer that sends damaged images and requests to the inference server."""
