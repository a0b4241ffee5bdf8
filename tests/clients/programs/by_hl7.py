"""Sends messages by the MLLP client of the package hl7: HOST PORT. One line a step: its name, a tab, MSA-1, MSA-2."""

import sys

import hl7
from hl7.client import MLLPClient


def result(number: str, status: str, text: str, patient: str = "hl7-package") -> str:
    """A result of one line."""
    day = 9 + int(number)
    return "\r".join(
        [
            f"MSH|^~\\&|RIS|CLIENTS|||202601{day}113000||ORU^R01|PKG-{number}|P|2.5|||||||UNICODE UTF-8",
            f"PID|1||{patient}^^^CLIENTS^MR",
            f"OBR|1||PKG-ACC|71046^XR CHEST 2 VIEWS|||20260110100000|||||||||||||||202601{day}113000||RAD|{status}",
            f"OBX|1|TX|71046||{text}||||||{status}",
        ]
    )


def say(step: str, answer: bytes) -> None:
    """Print a step."""
    found = hl7.parse(answer.decode().strip("\x0b\x1c\r"))
    print(step, f"{found.segment('MSA')(1)} {found.segment('MSA')(2)}", sep="\t")


with MLLPClient(sys.argv[1], int(sys.argv[2])) as client:
    first = result("1", "F", "FINDINGS: Small left pleural effusion. Größe 2 cm.")
    say("result", client.send_message(first))
    say("resend", client.send_message(hl7.parse(first)))
    say("correction", client.send_message(result("2", "C", "FINDINGS: Cardiomegaly.")))
    say("wordless", client.send_message(result("3", "F", "", patient="hl7-bad")))
    say("training", client.send_message(result("4", "F", "FINDINGS: Edema.").replace("|P|2.5", "|T|2.5")))
