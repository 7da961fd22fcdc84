"""The CRDS server: what it says of its contexts and reference files, asked by JSON-RPC. It is only read."""
