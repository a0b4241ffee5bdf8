"""What `vlmkg demo` tells: the day is sent, then three questions are asked, then the reader is shown around."""

import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax

from stack.demo import answers
from stack.demo.hospital_day import SyntheticMessage, hospital_day
from stack.demo.questions import CYPHER, LEFT_EFFUSION, SUGGESTS_PNEUMONIA, Question, ask, timeline_of
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import VlmkgError


def tell(data: DataDir, endpoints: Endpoints) -> None:
    """Send the synthetic hospital day and show what the graph answers. Raises VlmkgError where a step fails."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    day = hospital_day()
    _title(console, "A synthetic hospital day")
    patients, studies = len({one.patient for one in day}), len({one.accession for one in day})
    console.print(
        f"{len(day)} HL7 v2 messages about {studies} studies of {patients} made-up patients: preliminary, final and "
        "corrected reports, negated and hedged findings, follow-ups over months."
    )
    _send(data, _write(data.root / "demo" / "hospital-day", day))
    found = _first(console, endpoints)
    _second(console, endpoints, found)
    _third(console, endpoints)
    _look_around(console, endpoints)


def _write(folder: Path, day: list[SyntheticMessage]) -> Path:
    """One file a message, named by the order of sending."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(day, 1):
        (folder / f"{number:03d}-{message.accession}-{message.status}.hl7").write_bytes(message.raw)
    return folder


def _send(data: DataDir, folder: Path) -> None:
    command = [sys.executable, "-m", "vlmkg", "import", str(folder), "--wait", "--data", str(data.root)]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own command
        raise VlmkgError("the hospital day was not received whole", f"see: vlmkg events list --data {data.root}")


def _first(console: Console, endpoints: Endpoints) -> str:
    """Returns the pseudonym of a patient to look at more closely."""
    _question(console, LEFT_EFFUSION)
    data = ask(endpoints, LEFT_EFFUSION)
    console.print(answers.left_effusions(data))
    found = data["patients"]["edges"]
    console.print(f"[bold]{data['patients']['totalCount']} patients[/bold]")
    if not found:
        raise VlmkgError("no patient was found, though the synthetic day has some: the graph is not what was sent")
    longest = max(found, key=lambda edge: len(edge["node"]["findings"]["edges"]))
    return str(longest["node"]["patientId"])


def _second(console: Console, endpoints: Endpoints, patient_id: str) -> None:
    question = timeline_of(patient_id)
    _question(console, question)
    console.print(answers.timeline(ask(endpoints, question)))


def _third(console: Console, endpoints: Endpoints) -> None:
    _question(console, SUGGESTS_PNEUMONIA)
    console.print(answers.suggestions(ask(endpoints, SUGGESTS_PNEUMONIA)))


def _look_around(console: Console, endpoints: Endpoints) -> None:
    _title(console, "Look around")
    _address(console, "GraphiQL", f"{endpoints.graphql}#key={endpoints.api_key}")
    if endpoints.browser:
        login = f"{endpoints.neo4j_username} / {endpoints.neo4j_password}"
        _address(console, "Neo4j Browser", f"{endpoints.browser}   login: {login}")
    for title, query in CYPHER:
        console.print(f"\n[bold]{title}[/bold]")
        console.print(query, soft_wrap=True, markup=False)


def _question(console: Console, question: Question) -> None:
    _title(console, question.words)
    console.print(Syntax(question.query, "graphql", background_color="default"))
    console.print()


def _title(console: Console, words: str) -> None:
    console.print()
    console.rule(f"[bold]{words}[/bold]", align="left")


def _address(console: Console, name: str, address: str) -> None:
    console.print(f"{name:<14} {address}", soft_wrap=True, markup=False)
