"""The outside world, read only: MAST, CRDS, feeds, mailboxes and disks."""
