"""The actions of a browser as data: written with a request, read back, and refused where they are none."""

from __future__ import annotations

import pytest

from scraper.browser.actions import Click, Dismiss, LoadMore, ScrollToEnd, Type, WaitFor, actions_from_json
from scraper.errors import UsageError


def test_actions_survive_json_and_refuse_what_they_do_not_know() -> None:
    actions = (
        WaitFor("a"),
        Click("b"),
        ScrollToEnd(),
        LoadMore("c", most=3),
        Type("d", "e", submit=True),
        Dismiss("f"),
    )
    assert actions_from_json([action.to_json() for action in actions]) == actions
    with pytest.raises(UsageError, match="did you mean 'click'"):
        actions_from_json([{"do": "clik", "css": "a"}])
    with pytest.raises(UsageError, match="'click' has 'cs'"):
        actions_from_json([{"do": "click", "cs": "a"}])
