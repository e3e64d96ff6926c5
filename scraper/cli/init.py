"""`swathe init`: a project of one's own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from scraper.cli.output import console
from scraper.core.text import counted
from scraper.probe.new_project import NewProject

EXAMPLE = "Example: swathe init shop"


def init(
    name: Annotated[str, typer.Argument(help="Its folder, new or empty; the last part names its package.")],
    bare: Annotated[bool, typer.Option("--bare", help="Without the example, its saved pages and its test.")] = False,
) -> None:
    """Make a project: a folder with its own configuration, spiders, models and database.

    Its commands work in every folder of it; two projects have nothing in common.
    """
    project = NewProject.checked(name, bare=bare)
    project.write()
    shown = os.path.relpath(project.folder)
    lines = [f"wrote {counted(len(project.texts), 'file')} into {shown}; its spiders are in {project.package}/spiders"]
    if (outer := project.surrounding) is not None:
        lines.append(f"note: it lies inside the project {outer}; in its folders its own scrapy.cfg counts, the nearest")
    lines.append("Say who you are in config.ini: [crawl] contact. Then:")
    lines += [f"  cd {shlex.quote(shown)}"] if project.folder != Path.cwd() else []
    lines += [f"  {line}" for line in (BARE if bare else FIRST)]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


FIRST = ("swathe crawl example", "swathe query products 'price<20' --sort price")
BARE = ("scrapy genspider talks https://conference.example/programme/", "swathe spiders")
"""What to type next."""
