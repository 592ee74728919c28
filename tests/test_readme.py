"""The documentation tells the truth: command lines parse, links resolve, names in docs/paper.md exist."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])


def _script(name: str) -> ModuleType:
    """A script of .ci, which is no package, as a module."""
    spec = importlib.util.spec_from_file_location(f"ci_{name}", REPOSITORY / ".ci" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


command_lines: Callable[[str], list[str]] = _script("readme").command_lines
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def soundflow_commands(text: str) -> Iterator[list[str]]:
    """Each call of the program in a page's shell blocks, as words after `soundflow`."""
    for line in command_lines(text):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word.strip("|&;"):
                words.append(word)
                continue
            if words[:1] == ["soundflow"]:
                yield words[1:]
            words = []


def known_verbs() -> dict[str, set[str]]:
    """Verbs of the program; groups (`model`, `data`) with their own, single verbs with none."""
    from typer.main import get_command

    from soundflow.cli.main import app

    root = get_command(app)
    commands: dict[str, object] = getattr(root, "commands", {})
    return {name: set(getattr(command, "commands", {})) for name, command in commands.items()}


def headings(text: str) -> set[str]:
    """Anchors of a page's headings, as the usual renderers make them."""
    titles = re.findall(r"^#+ (.+)$", CODE.sub("", text), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.strip().replace(" ", "-") for title in plain}


def test_comments_and_blank_lines_are_no_commands() -> None:
    text = "```sh\n# a remark\n\npip install x \\\n  y\n```\n```python\nx\n```\n```sh\nz\n```\n"
    assert command_lines(text) == ["pip install x y", "z"]


def test_the_first_two_lines_install_listen_and_test() -> None:
    first, second = command_lines(README)[:2]
    assert first == "pip install -c constraints.txt . && soundflow listen kitchen"
    assert second == "pip install -c constraints.txt '.[dev]' && pytest -q"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_every_verb_that_is_written_exists(page: Path) -> None:
    verbs = known_verbs()
    for words in soundflow_commands(page.read_text(encoding="utf-8")):
        if not words or words[0].startswith("-"):
            continue
        assert words[0] in verbs, f"soundflow {' '.join(words)}"
        if verbs[words[0]]:
            assert len(words) > 1 and words[1] in verbs[words[0]] | {"--help"}, f"soundflow {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_every_link_inside_the_repository_resolves(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor and path.suffix == ".md":
            assert anchor in headings(path.read_text(encoding="utf-8")), f"{page.name}: {target}"


def test_every_file_name_and_test_in_the_paper_page_exists() -> None:
    text = (REPOSITORY / "docs" / "paper.md").read_text(encoding="utf-8")
    package = REPOSITORY / "src" / "soundflow"
    for path in re.findall(r"`((?:audio|bench|data|model|stream|train)/[\w/]*(?:\.\w+)?)`", text):
        assert (package / path).exists(), path
    for path in re.findall(r"`(tests/[\w/.]+)`", text):
        assert (REPOSITORY / path).exists(), path
    for path, names in re.findall(r"`([\w/]+\.py)`((?:,? `[\w.]+`)+)", text):
        source = (package / path).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"\b{name}\b", source), f"{path}: {name}"


def test_pages_that_the_source_points_to_exist() -> None:
    for path in (REPOSITORY / "src").rglob("*.py"):
        for page in re.findall(r"docs/[\w/-]+(?:\.md)?", path.read_text(encoding="utf-8")):
            found = list(REPOSITORY.glob(page)) or list(REPOSITORY.glob(f"{page}-*.md"))
            assert len(found) == 1, f"{path.name}: {page}"


def test_no_place_is_left_to_be_filled() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"FILL-|^RESULTS$|TODO", text, re.MULTILINE), page.name


def test_quoted_json_events_are_events() -> None:
    for line in re.findall(r'^\{"type".*\}$', README, re.MULTILINE):
        assert "type" in json.loads(line)


def test_the_command_reference_is_what_the_program_says() -> None:
    written = (REPOSITORY / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert written == _script("reference").command_line(), "run: python .ci/reference.py"


def test_every_error_code_is_listed_with_its_exit_code() -> None:
    row = re.compile(r"^\| `([\w.]+)` \| (\d) \|", re.MULTILINE)
    written = (REPOSITORY / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    assert row.findall(written) == row.findall(_script("reference").errors()), "run: python .ci/reference.py"
