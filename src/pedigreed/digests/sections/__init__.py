"""The sections of a digest, each in words and numbers. No printer knows what they are about."""
