"""Swathe as a user has it: a wheel that was built from this repository, in a virtual environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from support import ROOT, Result

from scraper.core.project import VERSION

PACKAGED = ("scraper", "spiders", "pipelines", "models", "pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys; from setuptools.build_meta import build_wheel; sys.stderr.write(build_wheel(sys.argv[1]))"
SCRIPTS = {
    "scrapy": "from scrapy.cmdline import execute; sys.exit(execute())",
    "pytest": "from pytest import console_main; sys.exit(console_main())",
    "pip": "from pip._internal.cli.main import main; sys.exit(main())",
}
"""What pip would write for the dependencies."""

TIMEOUT_S = 120


def build(folder: Path, version: str = "") -> Path:
    """Build the wheel in `folder` from a copy of the sources, which may bear another version, and return its path."""
    folder.mkdir()
    sources = folder / "sources"
    for name in PACKAGED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources)
    if version:
        file = sources / "scraper" / "core" / "project.py"
        old, new = file.read_text(), f'\nVERSION = "{version}"\n'
        file.write_text(old.replace(f'\nVERSION = "{VERSION}"\n', new))
        assert new in file.read_text()
    built = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD, str(folder)], cwd=sources, capture_output=True, text=True,
        check=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    return folder / built.stderr.strip().splitlines()[-1]


class Installed:
    """A virtual environment with the wheel and, borrowed from the one of the tests, what it depends on."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=TIMEOUT_S)
        packages = next(folder.glob("lib/python*/site-packages"))
        # What a .pth file adds is not searched for further .pth files, so the checkout is not among it.
        (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
        for name, call in SCRIPTS.items():
            script = folder / "bin" / name
            script.write_text(f"#!{self.python}\nimport sys\n{call}\n")
            script.chmod(0o755)
        self.install(wheel)

    def install(self, wheel: Path) -> None:
        """Install a wheel, in place of the one that is there."""
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(self.python)]
        subprocess.run(
            [*pip, "install", "--no-deps", "--no-index", "--force-reinstall", str(wheel)], check=True, timeout=TIMEOUT_S
        )

    def __call__(self, *arguments: str, cwd: Path, code: int | None = 0, **environ: str) -> Result:
        """Run a command of the environment, as a user types it, and hold its exit code against `code`."""
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("SWATHE", "SCRAPY", "PYTHON"))}
        done = subprocess.run(
            ["env", *arguments],  # which looks along the environment's PATH
            cwd=cwd, env={**clean, "PATH": self.path, "COLUMNS": "200", "NO_COLOR": "1", **environ},
            capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        result = Result(done.returncode, done.stdout, done.stderr)
        assert code is None or done.returncode == code, f"exit {done.returncode}, expected {code}\n{result}"
        return result

    @property
    def path(self) -> str:
        """PATH as in the activated environment."""
        return f"{self.folder / 'bin'}:{os.environ['PATH']}"
