"""Find claims in a language model's English note that the facts contradict or do not contain."""
