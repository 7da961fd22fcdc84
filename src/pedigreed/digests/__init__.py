"""From facts to one digest, its view in sections, and the printers of text, HTML and Slack. Pure."""
