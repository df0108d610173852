"""Risk of an event: facts, rules, score and level, as pure functions."""
