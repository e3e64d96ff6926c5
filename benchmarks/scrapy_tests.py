"""Judge what Swathe replaces of Scrapy by Scrapy's own tests, which its source distribution on PyPI carries.

    python benchmarks/scrapy_tests.py
    python benchmarks/scrapy_tests.py --only redirect --sdist scrapy-2.19.0.tar.gz

The tests run twice, as they are and with Swathe's parts in the place of Scrapy's (`scrapy_parts.py`). Those that pass
with Scrapy's parts are the judge: printed is, a file, how many of them pass with ours, and why each of the others may
fail. Exits 1 when one fails without such a reason, or fewer than 965 of 1,000 pass. Takes some minutes, and the network
for the tests and the packages that only they need, unless both are there.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

GOAL = 0.965

OF_PYFTPDLIB = ("pyasyncore; python_version>='3.12'", "pyasynchat; python_version>='3.12'")
OF_TESTS = (
    *("pytest-twisted>=1.14,<2", "decorator>=5,<6", "greenlet>=3,<4", "pytest-rerunfailures>=16,<20"),
    *("pyftpdlib>=2,<3", "pexpect>=4.8,<5", "ptyprocess<1", *OF_PYFTPDLIB),
)
"""What only they need; all else comes from Swathe's lock file."""

FILES = (
    *("downloadermiddleware*", "spidermiddleware*", "feedexport*", "engine*", "core_*", "closespider", "crawl"),
    *("pipelines", "pipeline_*", "signals", "request_attribute_binding", "request_cb_kwargs", "request_left"),
    *("spider_crawl", "spider_sitemap", "spider_start", "downloader_handler_twisted_http11"),
    *("downloaderslotssettings", "poet", "logformatter"),
)
"""Scrapy's tests of what is replaced, or stands in a row with it: names of files without `test_` and ending."""

BEYOND = ("*::TestRealWebsite::*", "*::TestHttp*Proxy*::*")
"""Tests that need the internet, or a program of their own."""

REASONS = {
    "a redirect is followed as a part of its request, which the scheduler does not see": (
        "test_engine*::*::test_crawler",
        "test_engine::*::test_crawler_dupefilter",
    ),
    "an address that a redirect leads to is written as browsers write it, with its `/`": (
        "*::test_cross_origin_maintain_body*",
    ),
    "a page that goes on to itself is the page": ("*metarefresh::*::test_*_proxy_http*",),
    "the warning names our class": (
        "*::test_warning_*middleware",
        "*httpcompression::*::test_multi_compression_single_header_invalid_compression",
    ),
    "a cookie for the whole of `.local` is none, as in browsers": ("*::test_explicit_local_domain*",),
    "a body whose packed data are cut is asked for again, and then is no page": (
        "*::test_process_truncated_response_*",
    ),
    "a page that is too large is told of once, as a dead page": ("*::test_compression_bomb_setting_logs_warning",),
    "a way to build it that Scrapy has deprecated": ("*httpcompression::*::test_no_crawler_constructor",),
    "without robots.txt nothing is asked for, after some tries": (
        "*robotstxt::*::test_robotstxt_*error",
        "*robotstxt::*::test_ignore_robotstxt_request",
    ),
    "the test looks at a method of Scrapy's that is not public": (
        "*robotstxt::*::test_robotstxt_user_agent_setting",
        "*robotstxt::*::test_robotstxt_local_file",
    ),
    "the referrer goes to the same origin alone": ("*referer::test_default_policy",),
    "the items' pipelines are in `ITEM_PIPELINES_BASE`, by name": ("*::test_integration_no_async_not_subclass",),
    "`[crawl] timeout_s` is the default": ("test_downloadermiddleware_downloadtimeout::test_default_download_timeout",),
    "feeds are in UTF-8": ("test_feedexport::*::test_export_encoding",),
    "a response is a subclass of Scrapy's, whose links lead where a browser's would": ("*::test_response_class*",),
    "the handler for http works without Twisted's reactor as well": ("*http11::test_not_configured_without_reactor",),
    "what a proxy does instead of passing on is an error of its own": ("*http11::TestTunnelingErrors::*",),
    "a server on another port is a host of its own": ("test_downloaderslotssettings::*",),
}
"""Why Scrapy's tests may fail: by the patterns of their names."""

Outcomes = dict[str, bool]
"""Whether a test passed, by `file::class::name`; those that were skipped are not there."""


def main() -> int:
    """Run the tests and print what came of them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sdist", type=Path, help="Scrapy's source distribution; else it is downloaded")
    parser.add_argument("--only", default="", help="a part of the names of files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scrapy-tests-") as name:
        folder = Path(name)
        unpack(arguments.sdist or download(folder), folder)
        files = sorted({str(path) for pattern in FILES for path in folder.glob(f"tests/test_{pattern}.py")})
        files = [path for path in files if arguments.only in path]
        if not files:
            sys.exit(f"--only {arguments.only!r}: no file of Scrapy's tests that are run here is called so")
        theirs = run(folder, files)
        ours = run(folder, files, "-p", "scrapy_parts")
    return report(theirs, ours)


def download(folder: Path) -> Path:
    """Fetch the source distribution of the Scrapy that is installed, and what its tests import besides."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    wanted = f"scrapy=={version('scrapy')}"
    subprocess.run([*pip, "download", "--no-deps", "--no-binary", ":all:", "--dest", folder, wanted], check=True)
    return next(folder.glob("*.tar.gz"))


def unpack(sdist: Path, folder: Path) -> None:
    """Take the tests out of a source distribution; Scrapy is the one that is installed."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "sdist", filter="data")
    root = next((folder / "sdist").iterdir())
    for name in ("tests", "docs", "conftest.py", "pyproject.toml"):
        shutil.move(root / name, folder / name)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, "install", "--target", folder / "packages", "--no-deps", *OF_TESTS], check=True)


def run(folder: Path, files: list[str], *options: str) -> Outcomes:
    """Run tests in a folder that is no project, and return what came of each."""
    report, here = folder / "report.xml", Path(__file__).resolve().parent
    path = os.pathsep.join(map(str, (folder / "packages", here, here.parent)))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SWATHE_")}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--no-summary", "--timeout=60", f"--junitxml={report}"]
    deselected = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:hypothesispytest", *options]
    subprocess.run([*command, *deselected, *files], cwd=folder, env={**environ, "PYTHONPATH": path}, check=False)
    return dict(_outcomes(ET.parse(report).getroot()))  # noqa: S314 - written by pytest


def _outcomes(root: ET.Element) -> list[tuple[str, bool]]:
    found = []
    for case in root.iter("testcase"):
        file, *classes = case.get("classname", "").removeprefix("tests.").split(".")
        name = "::".join((file, *classes, case.get("name", "")))
        states = {child.tag for child in case}
        if "skipped" not in states and not any(fnmatch.fnmatchcase(name, pattern) for pattern in BEYOND):
            found.append((name, not states & {"failure", "error"}))
    return found


def reason_of(name: str) -> str:
    """Return why a test may fail, or nothing."""
    names = (why for why, patterns in REASONS.items() for one in patterns if fnmatch.fnmatchcase(name, one))
    return next(names, "")


def report(theirs: Outcomes, ours: Outcomes) -> int:
    """Print a table a file, and the tests that fail without a reason; return the exit code."""
    judge = [name for name, passed in theirs.items() if passed]
    failed = [name for name in judge if not ours.get(name)]
    unexplained = [name for name in failed if not reason_of(name)]
    by_file: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name in failed:
        by_file[name.partition("::")[0]][reason_of(name) or "no reason is known"] += 1
    whole = []
    print("| Scrapy's tests | pass | why the others may not |\n|---|---|---|")
    for file, number in Counter(name.partition("::")[0] for name in judge).items():
        if file not in by_file:
            whole.append(f"`{file}`")
            continue
        reasons = "; ".join(f"{why} ({times})" for why, times in by_file[file].items())
        print(f"| `{file}` | {number - by_file[file].total()} of {number} | {reasons} |")
    print(f"\nAll pass of: {', '.join(whole)}.")
    share = 1 - len(failed) / len(judge)
    print(f"\n{len(judge) - len(failed)} of {len(judge)} pass, {share:.1%} (goal {GOAL:.1%}); "
          f"with Scrapy's parts {len(theirs) - len(judge)} more fail here")  # fmt: skip
    for name in unexplained:
        print(f"fails without a reason: {name}")
    return int(bool(unexplained) or share < GOAL)


if __name__ == "__main__":
    sys.exit(main())
