"""How fast and how large: figures, measured side by side in one run. `make bench` writes README.md."""
