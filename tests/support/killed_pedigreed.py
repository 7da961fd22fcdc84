"""`pedigreed`, killed when it comes to a point: killed_pedigreed.py POINT NUMBER ARGUMENT..."""

from __future__ import annotations

import sys

from kill_points import Point, arm
from pedigreed.cli.app import main

if __name__ == "__main__":
    _, point, number, *arguments = sys.argv
    arm(Point(point), int(number))
    sys.argv = ["pedigreed", *arguments]
    main()
