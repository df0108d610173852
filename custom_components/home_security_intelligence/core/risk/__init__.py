"""Risk of an event: facts, rules, score and level. Pure functions over values."""
