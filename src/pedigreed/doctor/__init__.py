"""Checks what pedigreed assumes of MAST and CRDS against the servers themselves."""
