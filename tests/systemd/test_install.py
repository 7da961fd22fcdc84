"""`make install` and `make uninstall`, below a folder that stands for the root of a machine."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from pedigreed import __version__
from service_host import make

ROOT = Path(__file__).parents[2]
PREFIX = "opt/pedigreed"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def run(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=True, env={})
    return done.stdout.strip()


@pytest.fixture
def moved(installed: Path, tmp_path: Path) -> Path:
    """The same at another place, as a package brings it to one. What names its place is set right."""
    place = tmp_path / "moved"
    shutil.copytree(installed, place, symlinks=True)
    launcher = place / PREFIX / "lib/pedigreed/bin/pedigreed"
    first, rest = launcher.read_text().split("\n", 1)
    assert first == f"#!/{PREFIX}/lib/pedigreed/bin/python -I"
    launcher.write_text(f"#!{place}/{PREFIX}/lib/pedigreed/bin/python -I\n{rest}")
    return place


def test_what_is_installed_runs_at_its_place(moved: Path) -> None:
    program = moved / PREFIX / "bin/pedigreed"
    assert run(program, "--version") == f"pedigreed {__version__}"
    assert "Usage: pedigreed" in run(program, "--help")


def test_what_is_installed_can_use_a_server(moved: Path) -> None:
    run(moved / PREFIX / "lib/pedigreed/bin/python", "-c", "import psycopg, pedigreed.store.postgresql_server")


def test_it_is_what_the_tests_have_tried() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        return set(re.findall(r"^\S+==\S+", text, re.MULTILINE))

    assert pins("service") <= pins("dev")
    assert pins("run") - pins("build") <= pins("service")


def test_nothing_in_it_names_the_folder_where_it_was_made(installed: Path) -> None:
    places = (str(installed).encode(), str(Path.cwd()).encode())
    small = [
        path for path in installed.rglob("*") if path.is_file() and path.suffix in {"", ".cfg", ".json", ".txt"}
    ]
    assert len(small) > 100
    assert [path for path in small if any(place in path.read_bytes() for place in places)] == []


def test_it_holds_the_program_its_units_and_its_documents(installed: Path) -> None:
    found = files(installed)
    assert {path for path in found if not path.startswith(f"{PREFIX}/")} == {
        "etc/systemd/system/pedigreed.service",
        "etc/systemd/system/pedigreed-once.service",
        "etc/systemd/system/pedigreed-once.timer",
        "etc/systemd/user/pedigreed.service",
    }
    documents = {"deploy.md", "webhook.md", "full.yaml", "minimal.yaml", "pedigreed.schema.json", "LICENSE"}
    assert {f"{PREFIX}/share/doc/pedigreed/{name}" for name in documents} <= found
    programs = {path.name for path in (installed / PREFIX / "lib/pedigreed/bin").iterdir()}
    assert {name for name in programs if not name.startswith("python")} == {"pedigreed"}


def test_everybody_can_read_it_and_its_owner_alone_write(installed: Path) -> None:
    for path in (installed / PREFIX).rglob("*"):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode & 0o022 == 0, path
            assert mode & 0o044 == 0o044, path


def test_a_prefix_of_ones_own_is_what_the_units_name(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "deploy/units", "/srv/tools", tmp_path, *(ROOT / "systemd").glob("pedigreed*")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    unit = (tmp_path / "pedigreed.service").read_text(encoding="utf-8")
    assert "\nExecStart=/srv/tools/bin/pedigreed run " in unit
    assert "/opt" not in unit


@pytest.mark.parametrize("bad", ["relative/path", "/a b", "/it's"])
def test_a_path_that_would_not_work_is_refused(bad: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "deploy/install"],
        env={"PATH": os.environ["PATH"], "PREFIX": bad, "DESTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"install: {bad}: " in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_root_it_goes_to_the_users_own_folders() -> None:
    ordered = subprocess.run(
        ["make", "--dry-run", "install-user", "HOME=/home/ada", "XDG_CONFIG_HOME="],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert " PREFIX='/home/ada/.local' SYSTEM_UNITS='' USER_UNITS='/home/ada/.config/systemd/user' " in ordered


def test_uninstall_leaves_nothing_of_it_and_all_of_others(moved: Path) -> None:
    others = moved / "etc/systemd/system/other.service"
    others.touch()
    make("uninstall", moved)
    assert files(moved) == {"etc/systemd/system/other.service"}
    assert not (moved / PREFIX).exists()
