"""A page shown in the browser of whoever is at the machine."""

import webbrowser
from pathlib import Path
from tempfile import mkdtemp

import typer


def show(html: str, name: str) -> None:
    """Write a page to a file that only its owner can read, and open it where there is a browser.

    The file stays: a browser may read it after the command has ended. Its path is printed.

    Args:
        html: the page, ASCII.
        name: of the file, without the suffix.
    """
    file = Path(mkdtemp(prefix="pedigreed-")) / f"{name}.html"
    file.write_text(html, encoding="ascii", newline="")
    typer.echo(file)
    if not webbrowser.open(file.as_uri()):
        typer.echo("there is no browser here: open the file with one", err=True)
