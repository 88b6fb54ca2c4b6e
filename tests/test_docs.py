"""`docs/cli.md` says what the parser says. Made anew by `python -m tests.test_docs`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from replay_viewer.cli.main import parser

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

_HEAD = """# Command line

Each command is also what the application does. With `--json` a command prints one JSON document; what is not the
result (progress, advice) goes to standard error. Exit status: 0; 1 for a failure, with one line on standard error
that says what to do; 2 for arguments that are wrong.

{times}

Made from the parser: `python -m tests.test_docs` writes this page, and a test holds the two together.
"""


def page() -> str:
    """The page as the parser has it."""
    top = parser()
    parts = [_HEAD.format(times=top.epilog)]
    parts += [_command(name, one, summary) for name, one, summary in _commands(top)]
    return "\n".join(parts)


def _commands(top: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, one in action.choices.items():
                # what has no help is not for people
                if name in summaries and summaries[name] != argparse.SUPPRESS:
                    yield name, one, summaries[name]


def _command(name: str, one: argparse.ArgumentParser, summary: str) -> str:
    lines = [f"## {name}", "", _sentence(one.description or summary), "", f"    {_usage(one)}", ""]
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            lines += [f"- `{_usage(choice)}` {_help(choice, action)}" for choice in action.choices.values()]
        elif action.help != argparse.SUPPRESS and action.dest not in ("help", "home") and action.help != "print JSON":
            text = _plain(action.help or "")
            if text:
                lines.append(f"- `{_spelled(action)}` {text}")
    return "\n".join([*lines, ""]) if lines[-1] else "\n".join(lines)


def _help(choice: argparse.ArgumentParser, action: argparse._SubParsersAction[argparse.ArgumentParser]) -> str:
    name = choice.prog.rsplit(" ", 1)[-1]
    return next((one.help or "" for one in action._choices_actions if one.dest == name), "")


def _usage(one: argparse.ArgumentParser) -> str:
    width = one.formatter_class
    one.formatter_class = lambda prog: width(prog, width=10_000)  # type: ignore[assignment,return-value]
    text = " ".join(one.format_usage().removeprefix("usage: ").split())
    one.formatter_class = width
    return text.replace("[-h] ", "")


def _spelled(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else "|".join(map(str, action.choices or ()))
    if not action.option_strings:
        return metavar or action.dest
    value = "" if action.nargs == 0 else f" {metavar or action.dest.upper()}"
    return ", ".join(action.option_strings) + value


def _plain(text: str) -> str:
    return text.replace("%%", "%")


def _sentence(text: str) -> str:
    text = _plain(text)
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "…")) else f"{text}."


def test_the_page_is_in_step_with_the_parser() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.test_docs"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
