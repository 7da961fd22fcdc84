"""Delivery: a rendered digest becomes a message, and a channel hands it over."""
