"""The demo: the whole system on one machine, with real parts and drawn images."""
