"""The steps and forms of the config, options, subentry and repair flows."""
