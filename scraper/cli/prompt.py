"""`swathe query -i`: question after question at a prompt, with completion and a history."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from scraper.cli.completing import OPERATORS_HELP, suggestions
from scraper.core.config import load_config
from scraper.errors import SwatheError, UsageError
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completion
    from prompt_toolkit.document import Document

HISTORY = "query_history"
"""File in the data folder."""

HELP = f"""A line is what stands after `swathe query`, without quotes around < and >:

  books price<20 in_stock=true --sort -rating --select title,price
  quotes --group-by tags
  changes when>=yesterday field=price --explain

{OPERATORS_HELP}
Tab completes collections, fields, operators and options; the arrow keys bring back earlier lines.
--help lists the options, exit or Ctrl-D ends.
"""


def prompt(command: Any, choices: Mapping[str, Sequence[str]]) -> None:
    """Read lines and run each as arguments of `command` until the end of input; raise UsageError without a terminal.

    `choices` has the values of those options that take only some.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("-i needs a terminal, and input or output is none: give the query as arguments instead")
    config = load_config().mongodb
    options = {name: choices.get(name, ()) for param in command.params for name in param.opts if name.startswith("--")}
    session = _session(options, _history(config.data_dir))
    server = Connection(config).server
    if server:
        server.join()  # so that it stays up from one question to the next
    try:
        sys.stdout.write("Questions to MongoDB: help explains, exit ends.\n")
        for line in _lines(session):
            if line == "help":
                sys.stdout.write(HELP)
            else:
                _run(command, line)
    finally:
        if server:
            server.leave()


def _history(folder: Path) -> str:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / HISTORY).touch(mode=0o600)
    except OSError as error:
        raise UsageError(f"[mongodb] data_dir is {folder}, where -i cannot keep its history: {error}") from None
    return str(folder / HISTORY)


def _lines(session: PromptSession[str]) -> Iterator[str]:
    while True:
        try:
            line = session.prompt("swathe> ").strip()
        except KeyboardInterrupt:
            continue  # drops the line, as a shell does
        except EOFError:
            return
        if line in ("exit", "quit"):
            return
        if line:
            yield line


def _run(command: Any, line: str) -> None:
    try:
        words = shlex.split(line)
        if {"-i", "--interactive"} & set(words):
            raise UsageError("-i is what this is: type a query, or exit")
        command.main(words, prog_name="swathe query")
    except (SwatheError, ValueError) as error:
        sys.stderr.write(f"swathe: {error}\n")
    except SystemExit:
        pass  # how the command ends, also after a misspelt option, which it has told


def _session(options: Mapping[str, Sequence[str]], history: str) -> PromptSession[str]:
    # Only who asks for the prompt pays for its import.
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory

    class QueryCompleter(Completer):
        def get_completions(self, document: Document, _event: Any) -> Iterator[Completion]:
            words, typed = suggestions(document.text_before_cursor, options)
            return (Completion(word, start_position=-len(typed)) for word in words)

    return PromptSession(history=FileHistory(history), completer=QueryCompleter(), complete_while_typing=False)
