"""A report as FHIR R4, in the ways that senders have: what is where, in which Bundle, in which form and encoding."""

import base64
import codecs
import html
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from benchmarks.variants.model import Report

Resource = dict[str, Any]

_CODES = {"FINDINGS": "59776-5", "IMPRESSION": "19005-8", "INDICATION": "18785-6"}
_MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
_ACSN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
_RADIOLOGY = (
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]},
    {"coding": [{"system": "http://loinc.org", "code": "LP29684-5"}], "text": "Radiology"},
    {"coding": [{"system": "http://snomed.info/sct", "code": "394914008"}]},
)


def variants(report: Report, seed: int) -> bytes:
    """The report in one of the ways. The same seed gives the same bytes."""
    random = Random(seed)
    writer = _Writer(report, random)
    return _encoded(_shuffled(writer.message(), random), random)


class _Writer:
    """Writes one message; keeps the resources that stand beside the report."""

    def __init__(self, report: Report, random: Random) -> None:
        self.report = report
        self.random = random
        self.beside: list[tuple[str, Resource]] = []
        self.alone = random.random() < 0.35

    def message(self) -> Resource:
        """A lone resource or a Bundle."""
        body = self._report()
        if self.alone:
            if self.beside:
                body["contained"] = [resource for _, resource in self.beside]
            return body
        kind = self.random.choice(("transaction", "collection", "message", "document", "searchset"))
        others = [self._entry(url, resource, kind) for url, resource in self.beside]
        noise = {"resourceType": "Organization", "id": "o1", "name": "Synthetic Hospital"}
        entries = [*others, self._entry("urn:uuid:report", body, kind), self._entry("urn:uuid:org", noise, kind)]
        self.random.shuffle(entries)
        if kind == "message":
            header = {"resourceType": "MessageHeader", "id": "h", "eventUri": "urn:variants:report"}
            entries.insert(0, self._entry("urn:uuid:header", header, kind))
        return {"resourceType": "Bundle", "type": kind, "entry": entries}

    def _entry(self, url: str, resource: Resource, kind: str) -> Resource:
        entry: Resource = {"resource": resource}
        if url:
            entry["fullUrl"] = url
        if kind == "transaction":
            entry["request"] = {"method": "POST", "url": resource["resourceType"]}
        return entry

    def _add(self, resource: Resource) -> str:
        """Put a resource beside the report. Returns a reference to it."""
        number = len(self.beside) + 1
        kind = resource["resourceType"]
        if self.alone:
            self.beside.append(("", resource | {"id": f"c{number}"}))
            return f"#c{number}"
        way = self.random.choice(("urn", "relative", "absolute"))
        if way == "urn":
            self.beside.append((f"urn:uuid:{number}", resource))
            return f"urn:uuid:{number}"
        if way == "relative":
            self.beside.append((f"urn:uuid:{number}", resource | {"id": f"x{number}"}))
            return f"{kind}/x{number}" + self.random.choice(("", "/_history/3"))
        self.beside.append((f"http://variants/fhir/{kind}/x{number}", resource | {"id": f"x{number}"}))
        return f"http://variants/fhir/{kind}/x{number}"

    def _report(self) -> Resource:
        report = self.report
        body: Resource = {
            "resourceType": "DiagnosticReport",
            "id": self.random.choice(("1", "temporary")),
            "identifier": [{"system": report.system, "value": report.number}],
            "status": "final",
            "category": [self.random.choice(_RADIOLOGY)],
            "code": self.random.choice(
                ({"text": report.procedure}, {"coding": [{"code": "71046", "display": report.procedure}]})
            ),
            "subject": self._subject(),
            "issued": self._time(report.issued),
            "performer": [{"display": "Synthetic Radiologist"}],
        }
        self._numbers(body)
        self._words(body)
        return {name: value for name, value in body.items() if value != []}

    def _subject(self) -> Resource:
        report, random = self.report, self.random
        own = {"type": _MR, "system": report.authority, "value": report.patient}
        over = random.choice(
            (
                {"use": "old", "type": _MR, "system": report.authority, "value": "OLD"},
                {"type": _MR, "system": report.authority, "value": "OLD", "period": {"end": "2015-06-30"}},
            )
        )
        identifiers = random.choice(([own], [over, own], [own, over], [own | {"use": "official"}, over]))
        person = {
            "resourceType": "Patient",
            "identifier": identifiers,
            "gender": report.sex,
            "birthDate": report.born,
            "name": [{"family": "Synthetic"}],
        }
        reference = self._add(person)
        if not self.alone and random.random() < 0.2:
            return {"reference": f"Patient?identifier={report.authority}|{report.patient}"}
        return {"reference": reference, "display": "somebody"}

    def _numbers(self, body: Resource) -> None:
        """Accession, study and its time, in one of their places."""
        report, random = self.report, self.random
        accession = {"type": _ACSN, "system": "urn:variants:acc", "value": report.accession}
        uid = {"system": "urn:dicom:uid", "value": random.choice(("", "urn:oid:")) + report.study_uid}
        way = random.choice(("study", "logical", "order"))
        body["effectiveDateTime"] = self._time(report.started)
        if way == "study":
            study = {"resourceType": "ImagingStudy", "status": "available", "identifier": [uid, accession]}
            body["imagingStudy"] = [{"reference": self._add(study | {"started": self._time(report.started)})}]
            del body["effectiveDateTime"]
        elif way == "logical":
            body["imagingStudy"] = [{"identifier": uid}]
            body["identifier"].insert(random.randrange(2), accession)
        else:
            order = {"resourceType": "ServiceRequest", "status": "completed", "intent": "order"}
            body["basedOn"] = [{"reference": self._add(order | {"identifier": [accession]})}]
            body["imagingStudy"] = [{"identifier": uid}]
            body["effectivePeriod"] = {"start": body.pop("effectiveDateTime")}

    def _words(self, body: Resource) -> None:
        ways: list[Callable[[Resource], None]] = [self._forms, self._forms, self._narrative, self._observations]
        if self.report.lines("IMPRESSION"):
            ways += [self._conclusion, self._conclusion]
        self.random.choice(ways)(body)

    def _forms(self, body: Resource) -> None:
        """The whole report in one form or in several that show the same."""
        number = self.random.choice((1, 1, 1, 2))
        body["presentedForm"] = [self._form(self.report.sections) for _ in range(number)]
        if self.random.random() < 0.3 and self.report.lines("IMPRESSION"):
            body["conclusion"] = " ".join(self.report.lines("IMPRESSION"))

    def _conclusion(self, body: Resource) -> None:
        """The impression is the conclusion, and a form has the rest."""
        body["conclusion"] = " ".join(self.report.lines("IMPRESSION"))
        rest = [(heading, lines) for heading, lines in self.report.sections if heading != "IMPRESSION"]
        body["presentedForm"] = [self._form(rest)]

    def _narrative(self, body: Resource) -> None:
        words = _html(self.report.sections, self.random.choice(("<br>", "<br/>")))
        body["text"] = {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{words}</div>'}

    def _observations(self, body: Resource) -> None:
        """A section is an Observation, or each of its lines is one."""
        body["result"] = []
        for heading, lines in self.report.sections:
            code = self.random.choice(
                (
                    {"coding": [{"system": "http://loinc.org", "code": _CODES[heading]}]},
                    {"text": heading.capitalize()},
                )
            )
            values = self.random.choice((["\n".join(lines)], list(lines)))
            for value in values:
                one = {"resourceType": "Observation", "status": "final", "code": code, "valueString": value}
                body["result"].append({"reference": self._add(one)})

    def _form(self, sections: Sequence[tuple[str, Sequence[str]]]) -> Resource:
        kind, raw = self.random.choice((_plain, _plain, _rich, _marked, _marked))(sections, self.random)
        data = base64.b64encode(raw).decode()
        if self.random.random() < 0.1:
            data = "\r\n".join(data[start : start + 76] for start in range(0, len(data), 76))
        if not self.alone and self.random.random() < 0.15:
            binary = {"resourceType": "Binary", "contentType": kind or "text/plain", "data": data}
            return {"contentType": kind, "url": self._add(binary)}
        return {"contentType": kind, "data": data} if kind else {"data": data}

    def _time(self, time: datetime) -> str:
        zone = self.random.choice((UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-5))))
        written = time.astimezone(zone).isoformat(timespec=self.random.choice(("seconds", "milliseconds")))
        return written.replace("+00:00", self.random.choice(("Z", "+00:00")))


def _plain(sections: Sequence[tuple[str, Sequence[str]]], random: Random) -> tuple[str, bytes]:
    end = random.choice(("\n", "\r\n", "\\.br\\"))
    text = (end * 2).join(end.join((f"{heading}:", *lines)) for heading, lines in sections)
    charset = random.choice(("", "", "utf-8", "iso-8859-15", "windows-1252", "utf-16", "utf-8-sig"))
    kind = random.choice(("text/plain", "text/plain", "")) if charset in {"", "utf-8-sig"} else "text/plain"
    named = f"{kind}; charset={charset}" if charset not in {"", "utf-8-sig"} else kind
    return named, text.encode(charset or random.choice(("utf-8", "cp1252")))


def _rich(sections: Sequence[tuple[str, Sequence[str]]], random: Random) -> tuple[str, bytes]:
    end = random.choice(("\\line ", "\\line\n"))
    parts = (end.join(_rtf(line) for line in (f"{heading}:", *lines)) for heading, lines in sections)
    words = r"\par\par ".join(parts)
    text = rf"{{\rtf1\ansi\ansicpg1252{{\fonttbl{{\f0 Arial;}}}}\f0\fs20 {words}}}"
    return random.choice(("application/rtf", "text/rtf", "text/plain")), text.encode("ascii")


def _rtf(line: str) -> str:
    escaped = "".join(f"\\{letter}" if letter in "\\{}" else letter for letter in line)
    return "".join(letter if letter.isascii() else f"\\u{ord(letter)}?" for letter in escaped)


def _marked(sections: Sequence[tuple[str, Sequence[str]]], random: Random) -> tuple[str, bytes]:
    words = _html(sections, random.choice(("<br>", "<br/>", "<BR />")))
    whole = random.choice((words, f"<html><head><title>Report</title></head><body>{words}</body></html>"))
    return random.choice(
        ("text/html", "text/html; charset=utf-8", "application/xhtml+xml", "text/plain")
    ), whole.encode()


def _html(sections: Sequence[tuple[str, Sequence[str]]], end: str) -> str:
    return "".join(
        f"<p>{end.join(html.escape(line) for line in (f'{heading}:', *lines))}</p>" for heading, lines in sections
    )


def _shuffled(value: Any, random: Random) -> Any:
    """The same JSON with the names of each object in another order, and here and there one that is null."""
    if isinstance(value, list):
        return [_shuffled(each, random) for each in value]
    if not isinstance(value, dict):
        return value
    names = list(value)
    random.shuffle(names)
    found = {name: _shuffled(value[name], random) for name in names}
    return found | ({"language": None} if random.random() < 0.03 else {})


def _encoded(message: Resource, random: Random) -> bytes:
    text = json.dumps(message, indent=random.choice((None, 1, 4)), ensure_ascii=random.random() < 0.5)
    mark = random.choice((b"", b"", b"", codecs.BOM_UTF8))
    return text.encode("utf-16") if random.random() < 0.05 else mark + text.encode()
