"""What the daemon shows of itself by HTTP, where it is asked to. It is read only, and for this machine."""
