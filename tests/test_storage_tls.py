"""PyMongo's TLS is left out where MongoDB is the embedded one, and there where it is the user's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import ROOT

CODE = """
import sys
{first}
from pathlib import Path
from scraper.core.config import load_config
from scraper.storage.tls import leave_out_openssl
leave_out_openssl(load_config(Path.cwd(), {environ!r}).mongodb)
import pymongo.ssl_support
print("OpenSSL" in sys.modules, pymongo.ssl_support.HAVE_SSL)
"""
OWN = {"SWATHE_MONGODB_URI": "mongodb://db.example/?tls=true"}


@pytest.mark.parametrize(
    ("environ", "first", "there"),
    [({}, "", "False True"), (OWN, "", "True True"), ({}, "import pymongo.ssl_support", "True True")],
    ids=["embedded", "own", "too late"],
)
def test_openssl_is_imported_where_a_server_of_the_user_s_own_may_need_it(
    environ: dict[str, str], first: str, there: str
) -> None:
    code = CODE.format(first=first, environ=environ)
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).strip() == there
