"""A mailbox: the mails of CRDS's lists, and those of MAST's subscriptions. It is only read."""
