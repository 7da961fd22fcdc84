"""The nouns. Frozen, pure, and importing nothing else of pedigreed."""
