"""The steps of `vlmkg demo`: send the day, run four queries, print the addresses."""

import asyncio
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax

from ingest.settings import existing_ledger_of
from stack.addresses import NEO4J_PASSWORD
from stack.demo import answers
from stack.demo.extras import extras
from stack.demo.questions import CYPHER, DISPUTED, FILMS_ALONE, LEFT_EFFUSION, SUGGESTS_PNEUMONIA, timeline_of
from stack.graphql_client import Question, ask
from stack.simulate.checking import wait_until_settled
from stack.simulate.doors import require_doors, send_all
from stack.simulate.hospital_day import SyntheticMessage, hospital_day
from stack.simulate.sending import Account, Plan
from stack.simulate.traffic import reports_and_films
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import VlmkgError

PLAN = Plan(rate=0, sockets=4, faulty=0, seed=0, limit_s=1800)


def tell(data: DataDir, endpoints: Endpoints) -> None:
    """Send the synthetic hospital day and show what the graph answers. Raises VlmkgError if a step fails."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    _title(console, "The page")
    _address(console, "The page", signing_in(console, data, endpoints))
    day = hospital_day()
    _title(console, "A synthetic hospital day")
    patients, studies = len({one.patient for one in day}), len({one.accession for one in day})
    console.print(
        f"{len(day)} reports about {studies} studies of {patients} made-up patients, by HL7 v2 and by FHIR, and "
        "a film of each study by C-STORE (a drawn phantom). Preliminary, final and corrected reports, negated and "
        "hedged findings, follow-ups over months, and devices that only the film shows. Beside them a report on which "
        "the two readers disagree, and a laboratory's result, which is refused."
    )
    _send(console, data, endpoints, day)
    found = _first(console, endpoints)
    _second(console, endpoints, found)
    _third(console, endpoints)
    _fourth(console, endpoints)
    look_around(console, data, endpoints, _disputed(console, endpoints))


def _disputed(console: Console, endpoints: Endpoints) -> str | None:
    """The key of a study on which model and rules disagree; None if one engine reads alone."""
    found = _answer(console, endpoints, DISPUTED)["findings"]["edges"]
    return str(found[0]["node"]["study"]["studyKey"]) if found else None


def _send(console: Console, data: DataDir, endpoints: Endpoints, day: list[SyntheticMessage]) -> None:
    """Send the messages to the gateway, as a hospital does, and wait until all are in the graph."""
    require_doors(endpoints)
    timed = [*reports_and_films(day), *extras()]
    messages = [message for _, message in sorted(timed, key=lambda one: one[0])]
    account, ledger = Account(), existing_ledger_of(data)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    try:
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("acknowledged by the gateway", total=len(messages))
            asyncio.run(send_all(endpoints, messages, PLAN, account, lambda: progress.advance(bar)))
            bar = progress.add_task("merged into the graph", total=len(messages))
            settled = wait_until_settled(
                ledger, PLAN.limit_s, lambda waiting: progress.update(bar, completed=max(0, len(messages) - waiting))
            )
            progress.update(bar, completed=len(messages))
    finally:
        ledger.close()
    if len(account.accepted) < len(messages) or not settled:
        raise VlmkgError(
            "some messages of the hospital day were not received", f"see: vlmkg events list --data {data.root}"
        )


def _first(console: Console, endpoints: Endpoints) -> str:
    """Returns the pseudonym of a patient to look at more closely."""
    _question(console, LEFT_EFFUSION)
    data = _answer(console, endpoints, LEFT_EFFUSION)
    console.print(answers.left_effusions(data))
    found = data["patients"]["edges"]
    console.print(f"[bold]{data['patients']['totalCount']} patients[/bold]")
    if not found:
        raise VlmkgError("no patient was found, although messages were sent", "see the files in the folder logs")
    longest = max(found, key=lambda edge: len(edge["node"]["findings"]["edges"]))
    return str(longest["node"]["patientId"])


def _second(console: Console, endpoints: Endpoints, patient_id: str) -> None:
    question = timeline_of(patient_id)
    _question(console, question)
    data = _answer(console, endpoints, question)
    console.print(answers.timeline(data))
    console.print(answers.readers(data))


def _third(console: Console, endpoints: Endpoints) -> None:
    _question(console, SUGGESTS_PNEUMONIA)
    console.print(answers.suggestions(_answer(console, endpoints, SUGGESTS_PNEUMONIA)))


def _fourth(console: Console, endpoints: Endpoints) -> None:
    _question(console, FILMS_ALONE)
    data = _answer(console, endpoints, FILMS_ALONE)
    console.print(answers.film_findings(data))
    console.print(answers.film_readers(data))


def signing_in(console: Console, data: DataDir, endpoints: Endpoints) -> str:
    """The page's address and its key. Keys are printed only to a terminal, because other output may be stored."""
    where = endpoints.api_key if console.is_terminal else f"in {data.api_key_file}"
    return f"{endpoints.page}   sign in with the key {where}"


def look_around(console: Console, data: DataDir, endpoints: Endpoints, study_key: str | None = None) -> None:
    """Print the addresses, first that of a disputed study if there is one."""
    _title(console, "Look around")
    key, password = endpoints.api_key, endpoints.neo4j_password
    page = signing_in(console, data, endpoints)
    if console.is_terminal:
        graphiql, login = f"{endpoints.graphql}#key={key}", f"{endpoints.neo4j_username} / {password}"
    else:
        graphiql = f"{endpoints.graphql}   key: in {data.api_key_file}"
        login = f"{endpoints.neo4j_username}, password in {data.secrets / NEO4J_PASSWORD}"
    _address(console, "The page", page)
    if study_key is not None:
        _address(console, "Begin here", f"{endpoints.page}studies/{study_key}   model and rules disagree on this study")
    _address(console, "GraphiQL", graphiql)
    if endpoints.browser:
        _address(console, "Neo4j Browser", f"{endpoints.browser}   login: {login}")
    for title, query in CYPHER:
        console.print(f"\n[bold]{title}[/bold]")
        console.print(query, soft_wrap=True, markup=False)


def _question(console: Console, question: Question) -> None:
    _title(console, question.words)
    console.print(Syntax(question.query, "graphql", background_color="default"))
    console.print()


def _answer(console: Console, endpoints: Endpoints, question: Question) -> dict[str, Any]:
    """The data of an answer. On a machine that is overloaded it waits, and says so."""
    return ask(endpoints, question, say=lambda words: console.print(f"This machine is busy: {words}.", markup=False))


def _title(console: Console, words: str) -> None:
    console.print()
    console.rule(f"[bold]{words}[/bold]", align="left")


def _address(console: Console, name: str, address: str) -> None:
    console.print(f"{name:<14} {address}", soft_wrap=True, markup=False)
