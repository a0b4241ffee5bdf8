"""What the pages say is there: their links, the commands they show, and the files that docstrings name."""

import importlib.util
import re
import subprocess
from pathlib import Path

import click
import pytest

from tests.docs.pages import PAGES, ROOT, anchors, commands, links
from vlmkg.cli import vlmkg

TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
_READABLE = (".py", ".md", ".sh", ".yml", ".yaml", ".toml", "Makefile", "Dockerfile")
_PACKAGES = "vlmkg|ingest|graph|api|training|stack|benchmarks|tests|tools|docs"
_FILE = re.compile(
    rf"(?<![\w/.])(?:{_PACKAGES})/[\w/-]+\.(?:py|md|txt|csv|tsv|sql|yaml|cypher)\b|(?<![\w/])DESIGN\.md\b"
)
_PLACEHOLDER = re.compile(r"^[A-Z]{2,}|^/|\.\.\.|[<{*]")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_every_make_target_that_a_page_names_exists() -> None:
    named = {
        (word, page.name)
        for page in PAGES
        for words in commands(page)
        if words[0] == "make"
        for word in words[1:]
        if re.fullmatch(r"[a-z][a-z-]*", word)
    }
    assert {one for one in named if one[0] not in TARGETS} == set()
    assert named


def test_every_benchmark_that_a_page_names_exists_and_takes_the_options_shown() -> None:
    seen = set()
    for page in PAGES:
        for words in commands(page):
            if words[0] != "python":
                continue
            module = words[2]
            assert importlib.util.find_spec(module) is not None, f"{page.name}: {module}"
            unknown = [one for one in _options(words[3:]) if one not in _options_of_benchmark(module)]
            assert not unknown, f"{page.name}: {' '.join(words)}"
            seen.add(module)
    assert len(seen) > 10


def _options_of_benchmark(module: str) -> set[str]:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    return set(re.findall(r'"(--[a-z][a-z-]*)"', source)) | {"--help"}


def test_every_vlmkg_command_that_a_page_names_exists_and_takes_the_options_shown() -> None:
    wrong, seen = [], 0
    for page in PAGES:
        for words in commands(page):
            if words[0] not in {"vlmkg", ".venv/bin/vlmkg"}:
                continue
            seen += 1
            problem = _problem(words[1:])
            if problem:
                wrong.append(f"{page.relative_to(ROOT)}: {' '.join(words)}: {problem}")
    assert wrong == []
    assert seen > 100


def _problem(words: list[str]) -> str:
    """What is wrong with the words after `vlmkg`; empty where nothing is."""
    command: click.Command = vlmkg
    context = click.Context(command)
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest[0].rstrip(".,:;")
        if _PLACEHOLDER.search(name):
            return ""
        found = [command.get_command(context, one) for one in name.split("|")]
        if None in found:
            return f"there is no command {name}"
        rest.pop(0)
        command = found[0] or command
    known = {opt for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [one for one in _options(rest) if one not in known | {"--help", "-h", "--version"}]
    return f"unknown options {unknown}" if unknown else ""


def _options(words: list[str]) -> list[str]:
    return [name for word in words for name in re.findall(r"^\[?(--[a-z][a-z-]*)", word)]


def test_every_file_of_the_project_that_is_named_anywhere_exists() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = listed.stdout.splitlines()
    missing = {
        (file, name)
        for file in files
        if file.endswith(_READABLE) and not file.startswith(("requirements/", "tests/"))
        for name in _FILE.findall((ROOT / file).read_text(encoding="utf-8"))
        if name not in files
    }
    assert not missing, "\n".join(f"{file}: {name}" for file, name in sorted(missing))
