"""Kept logins: sealed with the key of one data folder, given back to their own user while they last."""

from __future__ import annotations

import time
from http.cookiejar import Cookie
from typing import TYPE_CHECKING, Any

from support import configured

from scraper.fetch.http.set_cookie import cookie_of
from scraper.storage.connection import Connection
from scraper.storage.sessions import KEY_FILE, Sessions, forget

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database


def cookie(header: str = "session=s3cret; Max-Age=99") -> Cookie:
    made = cookie_of(header, "x.org", "/", time.time())
    assert made is not None
    return made


def test_a_session_is_given_back_to_its_own_user_while_it_lasts(
    data_dir: Path, tmp_path: Path, database: Database[Any]
) -> None:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with Connection(config.mongodb):
        sessions = Sessions(tmp_path)
        assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
        sessions.keep("s", "https://x.org", "anna", [cookie(), cookie("old=1; Max-Age=-5")])
        (back,) = sessions.cookies("s", "https://x.org", "anna")
        assert vars(back) == vars(cookie()) | {"expires": back.expires}
        assert sessions.cookies("s", "https://x.org", "bert") == []
        assert sessions.cookies("s", "https://y.org", "anna") == []
        assert Sessions(tmp_path).cookies("s", "https://x.org", "anna"), "the key is kept"
        sessions.keep("s", "https://x.org", "", [cookie()])
        assert sessions.cookies("s", "https://x.org", "bert"), "a browser's session is anybody's"


def test_what_is_kept_is_sealed_and_another_folder_s_key_opens_nothing(
    data_dir: Path, tmp_path: Path, database: Database[Any], server: Any
) -> None:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    (tmp_path / "other").mkdir()
    with Connection(config.mongodb):
        Sessions(tmp_path).keep("s", "https://x.org", "anna", [cookie()])
        kept = database.sessions.find_one()
        assert kept is not None
        assert not [secret for secret in (b"s3cret", b"session", b"anna") if secret in repr(kept).encode()]
        assert Sessions(tmp_path / "other").cookies("s", "https://x.org", "anna") == []
        assert Sessions(tmp_path).keep("s", "https://x.org", "anna", []) == 0
        assert Sessions(tmp_path).cookies("s", "https://x.org", "anna") == [], "the later ones take their place"


def test_a_spider_s_sessions_are_forgotten_on_all_sites_and_nobody_else_s(
    data_dir: Path, tmp_path: Path, database: Database[Any], server: Any
) -> None:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with Connection(config.mongodb):
        sessions = Sessions(tmp_path)
        for spider, site in (("s", "https://x.org"), ("s", "https://y.org"), ("t", "https://x.org")):
            sessions.keep(spider, site, "", [cookie()])
        assert forget("s") == 2
        assert forget("s") == 0
        assert sessions.cookies("t", "https://x.org", "")
