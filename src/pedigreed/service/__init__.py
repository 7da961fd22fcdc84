"""The story of one cycle: collect, compare, compose, deliver. `cycle` tells it in order."""
