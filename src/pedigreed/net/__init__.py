"""HTTP: one exchange within limits, when to try again, and the words for what can break."""
