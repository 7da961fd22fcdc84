"""`python -m pedigreed` is `pedigreed`."""

from pedigreed.cli.app import main

main()
