"""The stages of an image and an event: register, detect, assess and clean up.

Each stage has a module. The others are their helpers: `clock_check`, `image_dating` and `queue_capacity`
of register, `prompt_images` of assess.
"""
