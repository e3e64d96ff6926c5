"""Serve the enlarged practice site as files: by nginx, or by the standard library where there is no nginx.

A site that renders its pages, or serves them from Python, takes processor time from the crawl that it is measured with.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.demo.site import DemoSite

HOST = "127.0.0.1"
START_S = 20.0
"""How long a server may take until it answers."""

NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    log_not_found off;
    sendfile on;
    charset utf-8;
    types {{ image/svg+xml svg; text/plain txt; }}
    default_type text/html;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen {host}:{port};
        root files;
    }}
}}
"""


class _Files(SimpleHTTPRequestHandler):
    """Serves files with keep-alive; a page of an author has no suffix."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, "": "text/html; charset=utf-8"}  # noqa: RUF012 - as the base class has it

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def served(site: DemoSite, *, padding_kb: int = 0, nginx: bool = True) -> Iterator[tuple[str, str]]:
    """Serve a site on a free port of 127.0.0.1; give its address, with a final slash, and what serves it.

    Without `nginx`, or where there is none, the standard library serves it. Raises RuntimeError when the server does
    not come up.
    """
    with tempfile.TemporaryDirectory(prefix="site-") as name:
        folder = Path(name)
        _write(site, padding_kb, folder / "files")
        program = (shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")) if nginx else None
        port = _free_port()
        if program:
            folder.joinpath("nginx.conf").write_text(NGINX.format(host=HOST, port=port, user=_user(folder)))
            command = [program, "-e", "stderr", "-p", f"{folder}/", "-c", "nginx.conf"]
        else:
            command = [sys.executable, __file__, str(folder / "files"), str(port)]
        server = subprocess.Popen(command)
        try:
            url = f"http://{HOST}:{port}/"
            _wait_for(url, server)
            yield url, "nginx" if program else "http.server"
        finally:
            server.terminate()
            server.wait()


def _write(site: DemoSite, padding_kb: int, folder: Path) -> None:
    from practice.server import practice_templates

    from scraper.demo.pages import render_pages

    for path, page in render_pages(site, practice_templates(padding_kb)).items():
        place = folder / unquote(path).lstrip("/")
        if path.endswith("/"):
            place /= "index.html"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(page.body)


def _user(folder: Path) -> str:
    """Return the line of nginx's configuration that gives away what root may do; empty for anybody else."""
    if os.getuid():
        return ""
    folder.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    return f"user {nobody.pw_name} {grp.getgrgid(nobody.pw_gid).gr_name};"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{url}robots.txt", timeout=START_S).close()  # noqa: S310 - an address of ours
        except URLError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the server of {url} did not come up: exit {server.poll()}; see what it said above")


if __name__ == "__main__":
    folder_name, number = sys.argv[1:]
    os.chdir(folder_name)
    ThreadingHTTPServer((HOST, int(number)), _Files).serve_forever()
