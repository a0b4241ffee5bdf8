"""The examples of docs/python.md, without the page around them."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def examples(section: str = "") -> str:
    """The `pycon` blocks of the page one after another, or those under the heading `section`."""
    page = PAGE.read_text(encoding="utf-8")
    if section:
        page = page.split(f"## {section}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"^```pycon\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
