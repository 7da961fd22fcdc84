"""HTTP: one exchange within limits, when to try again, the words for what can break; access tokens for logins."""
