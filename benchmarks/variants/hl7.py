"""A report as an HL7 v2 message, in one of the ways in which it may be written: by seed.

What varies: message type and version, separators, line ends, character set, times, segments beside those that count,
where the status stands, and above all the text: lines by repetition, by escapes, by OBX, wrapped, under codes, cut into
ADD, as HTML, RTF, CDA or plain text in TX, FT or ED.
"""

import base64
import html
import textwrap
from collections.abc import Callable
from datetime import datetime
from random import Random

from benchmarks.variants.reports import COMPARISON, FINDINGS, HISTORY, IMPRESSION, INDICATION, Report

_CODES = {
    HISTORY: ("11329-0^History^LN", "121060^History^DCM", "H^Clinical history"),
    INDICATION: ("18785-6^Reason for study^LN", "INDICATION", "H^Clinical information"),
    COMPARISON: ("18834-2^Comparison^LN", "COMPARISON", "X^Comparison^L^18834-2^Previous study^LN"),
    FINDINGS: ("59776-5^Findings^LN", "71046&GDT", "GDT^Description", "121070^Findings^DCM"),
    IMPRESSION: ("19005-8^Impression^LN", "71046&IMP", "IMP^Impression", "X^Impression"),
}
_SEPARATORS = ("|^~\\&", "|^~\\&", "|^~\\&", "#@!\\$", "|~^\\&")
_UNUSED = (
    "PV1|1|O|WARD^1",
    "SFT|Maker|1.0",
    "ZPF|1|10^IMG XR",
    "PD1||||1^FAMILY^DOCTOR",
    "TQ1|1",
    "IN1|1|A",
)


def variant(report: Report, seed: int) -> bytes:
    """The message of that seed. Equal seeds give equal messages."""
    return _Writer(report, Random(f"{report.number} {seed}")).message()


class _Writer:
    def __init__(self, report: Report, random: Random) -> None:
        self._report = report
        self._random = random
        self._document = random.random() < 0.25

    def message(self) -> bytes:
        """All segments, in the separators, line ends and character set of the seed."""
        random, report = self._random, self._report
        results = random.choice(_TEXTS)(report, random)
        if random.random() < 0.3:
            results.insert(random.randrange(len(results) + 1), f"OBX|9|HD|113014^DICOM Study^DCM||{report.study_uid}")
            uid = []
        else:
            uid = [f"ZDS|{report.study_uid}^RIS^Application^DICOM"]
        extra = [each for each in _UNUSED if random.random() < 0.25]
        where = random.randrange(len(extra) + 1)
        has_lines = any(each.startswith("OBX") and "113014" not in each for each in results)
        status = random.choice(("request", "lines", "both")) if has_lines else "request"
        results = [self._with_status(each, status != "request") for each in results]
        segments = [*extra[:where], *([f"ORC|RE|P1|{report.accession}"] if random.random() < 0.5 else [])]
        if self._document:
            segments = [
                "EVN|T02|20260101",
                self._patient(),
                *segments,
                self._order(status),
                self._txa(),
                *results,
                *uid,
            ]
        else:
            order = [self._order(status), *(uid + results if random.random() < 0.3 else results + uid)]
            segments = [self._patient(), *segments, *order]
        return self._encoded([*segments, *extra[where:]])

    def _encoded(self, segments: list[str]) -> bytes:
        random = self._random
        separators = random.choice(_SEPARATORS)
        body = "\n".join(segments)
        charsets = [("utf-8", ""), ("utf-8", "UNICODE UTF-8"), ("utf-8", "8859/1"), ("utf-16", "UNICODE UTF-16")]
        charsets += [("cp1252", "8859/1"), ("cp1252", ""), ("cp1252", "WINDOWS-1252"), ("gb18030", "GB 18030-2000")]
        charset, name = random.choice(charsets)
        kind = "MDM^T02^MDM_T02" if self._document else random.choice(("ORU^R01", "ORU^R01^ORU_R01", "ORU_R01", "ORU"))
        sent = self._time(self._report.issued)
        version = random.choice(("2.3", "2.4", "2.5.1", "2.8"))
        header = f"MSH|^~\\&|RIS|NORTH|V|V|{sent}||{kind}|1|P|{version}" + (f"||||||{name}" if name else "")
        # Where the text escapes no separator they stand but where they separate: they are exchanged as a whole.
        message = f"{header}\n{body}\n"
        escaped = any(f"\\{letter}\\" in message for letter in "FSRT")
        if not escaped and not set(separators) - set(_SEPARATORS[0]) & set(message):
            message = message.translate(str.maketrans(_SEPARATORS[0], separators))
        end = random.choice(("\r", "\r", "\r\n", "\n"))
        return message.replace("\n", end).replace("\x00", "\n").encode(charset)

    def _patient(self) -> str:
        report = self._report
        own = f"{report.patient}^^^{report.authority}^MR"
        others = ["99^^^OTHER^PI", "111-11-1111^^^STATE^SS", f"5^^^{report.authority}^MR^^^20200101", "^^^EMPTY^MR"]
        given = [own, *self._random.sample(others, self._random.randrange(len(others)))]
        self._random.shuffle(given)
        return f"PID|1||{'~'.join(given)}||DOE^JANE||{report.born.replace('-', '')}|{report.sex[0].upper()}"

    def _order(self, status: str) -> str:
        fields = [""] * 26
        fields[1:5] = "1", "P1", self._report.accession, "71046^XR CHEST 2 VIEWS^C4"
        fields[self._random.choice((7, 6, 7))] = self._time(self._report.started)
        fields[22] = self._time(self._report.issued)
        fields[24] = self._random.choice(("CR", "RAD", ""))
        if status != "lines":
            fields[25] = self._random.choice(("F", "F", "Final"))
        return "|".join(["OBR", *fields[1:]]).rstrip("|")

    def _txa(self) -> str:
        return f"TXA|1|DI|TX|{self._time(self._report.started)}||||||||D1|||{self._report.accession}||AU||AV"

    def _with_status(self, result: str, stated: bool) -> str:
        line, mark, notes = result.partition("\nNTE")
        if not stated or "113014" in line or line.replace("\nADD|", "").count("|") != 5:
            return result
        return f"{line}||||||{self._random.choice(('F', 'F', 'Final'))}{mark}{notes}"

    def _time(self, time: datetime) -> str:
        forms = ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H%M%S.0000", "%Y%m%d%H%M%S+0000", "%Y-%m-%d %H:%M:%S")
        forms += ("%Y%m%d%H%MZ", "%Y-%m-%dT%H:%M:%S+00:00", "%d.%m.%Y %H:%M")
        return time.strftime(self._random.choice(forms))


def _escape(words: str) -> str:
    for sign, sequence in (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("~", "\\R\\"), ("&", "\\T\\")):
        words = words.replace(sign, sequence)
    return words


def _obx(value: str, code: str = "71046^XR CHEST", kind: str = "TX") -> str:
    return f"OBX|1|{kind}|{code}||{value}"


def _lines(report: Report, random: Random) -> list[str]:
    """The lines of the plain text, perhaps wrapped, perhaps with several sentences to a line."""
    way = random.randrange(3)
    lines: list[str] = []
    for number, (heading, sentences) in enumerate(report.sections):
        lines += [""] if number else []
        if way == 0:
            lines += [f"{heading}:", *sentences]
        elif way == 1:
            lines.append(f"{heading}: {' '.join(sentences)}")
        else:
            lines += [f"{heading}:", *textwrap.wrap(" ".join(sentences), random.choice((60, 72, 80)))]
    return lines


def _in_one(report: Report, random: Random) -> list[str]:
    ends = ("~", "\\.br\\", "\\X0A\\", "\\X0D0A\\", "\\X0D\\\\X0A\\", "\\X000A\\", "\\E\\.br\\E\\", "\\.sp\\", "\x00")
    end = random.choice(ends)
    return [_obx(end.join(map(_escape, _lines(report, random))), kind=random.choice(("TX", "FT", "ST", "")))]


def _by_line(report: Report, random: Random) -> list[str]:
    kind = random.choice(("TX", "FT", "ST"))
    return [_obx(_escape(line), kind=kind) for line in _lines(report, random)]


def _by_section(report: Report, random: Random) -> list[str]:
    """Each section under a code of its own; its heading may be there as well."""
    results = []
    for heading, sentences in report.sections:
        code = random.choice(_CODES[heading])
        lines = [f"{heading}:", *sentences] if random.random() < 0.5 else list(sentences)
        if random.random() < 0.5:
            results.append(_obx("~".join(map(_escape, lines)), code))
        else:
            results += [_obx(_escape(line), code) for line in lines]
    return results


def _by_section_then_none(report: Report, random: Random) -> list[str]:
    """What was asked under a code, what was seen under none."""
    results = []
    for heading, sentences in report.sections:
        asked = heading in (INDICATION, HISTORY, COMPARISON)
        code = random.choice(_CODES[heading]) if asked or heading == IMPRESSION else "71046^XR CHEST"
        results.append(_obx("~".join(map(_escape, sentences)), code))
    return results


def _coded(report: Report, random: Random) -> list[str]:
    """The impression as coded results, the rest as text."""
    results = []
    for heading, sentences in report.sections:
        if heading == IMPRESSION:
            values = "~".join(f"{number}^{_escape(each)}^L" for number, each in enumerate(sentences))
            results.append(_obx(values, random.choice(_CODES[heading]), random.choice(("CWE", "CE", "CNE"))))
        else:
            results.append(_obx("~".join(map(_escape, [f"{heading}:", *sentences])), random.choice(_CODES[heading])))
    return results


def _noted(report: Report, random: Random) -> list[str]:
    """The impression in notes after the last result."""
    results = []
    for heading, sentences in report.sections:
        lines = [f"{heading}:", *sentences]
        if heading == IMPRESSION:
            results[-1] += "\n" + "\n".join(f"NTE|{n}|L|{_escape(line)}" for n, line in enumerate(lines, 1))
        else:
            results.append(_obx("~".join(map(_escape, lines)), kind=random.choice(("TX", "FT"))))
    return results


def _notes_alone(report: Report, random: Random) -> list[str]:
    source = random.choice(("L", ""))
    return [f"NTE|{number}|{source}|{_escape(line)}" for number, line in enumerate(_lines(report, random), 1)]


def _base64_as_text(report: Report, random: Random) -> list[str]:
    document, _ = random.choice((_html, _rtf, _cda))(report, random)
    data = base64.b64encode(document.encode()).decode()
    if random.random() < 0.5:
        return [_obx(data)]
    return [_obx(piece) for piece in textwrap.wrap(data, 76)]


def _cut_document(report: Report, random: Random) -> list[str]:
    """RTF, cut into results wherever a line was full."""
    document, _ = _rtf(report, random)
    size = random.choice((40, 80, 200))
    pieces = [document[start : start + size] for start in range(0, len(document), size)]
    return [_obx(_escape(piece.replace("\n", " "))) for piece in pieces]


def _cut(report: Report, random: Random) -> list[str]:
    (whole,) = _in_one(report, Random(1))
    start = whole.index("||") + 4
    at = random.randrange(start, len(whole))
    return [f"{whole[:at]}\nADD|{whole[at:]}"]


def _document_of(report: Report, random: Random) -> tuple[str, str]:
    """The report as a document with markup, and its subtype (table 0291)."""
    return random.choice((_html, _rtf, _cda, _plain))(report, random)


def _html(report: Report, random: Random) -> tuple[str, str]:
    parts = []
    way = random.randrange(4)
    for heading, sentences in report.sections:
        words = [html.escape(sentence) for sentence in sentences]
        head = random.choice((f"<h2>{heading}</h2>", f"<p><b>{heading}:</b></p>"))
        if way == 0:
            parts.append(head + "".join(f"<p>{each}</p>" for each in words))
        elif way == 1:
            parts.append(f"<b>{heading}:</b><br>" + "<br/>".join(words) + "<br><br>")
        elif way == 2:
            parts.append(head + "<ul>" + "".join(f"<li>{each}" for each in words) + "</ul>")
        else:
            rows = "".join(f"<tr><td>{each}</td></tr>" for each in words)
            parts.append(f"{head}<table><tbody>{rows}</tbody></table>")
    body = random.choice(("\n", "")).join(parts)
    document = f"<html><head><title>x</title></head><body>{body}</body></html>"
    if random.random() < 0.3:
        document = document.replace("<p>", '<P CLASS="x" style="margin:0">').replace("</p>", "</P>")
    if random.random() < 0.2:
        document = document.replace("±", "&plusmn;").replace(" ", "&nbsp;", 3 * (way == 0))
    return html.escape(document) if random.random() < 0.1 else document, "HTML"


def _rtf(report: Report, random: Random) -> tuple[str, str]:
    font = "{\\fonttbl{\\f0\\fnil Arial;}}"
    parts = []
    for heading, sentences in report.sections:
        sign = random.choice(("\\'b1", "\\u177?", "{\\u177\\'b1}"))
        words = [sentence.replace("±", sign) for sentence in sentences]
        mark = random.choice((f"\\b {heading}:\\b0\\par\n", f"{{\\b {heading}}}\\par "))
        parts.append(mark + "\\par ".join(words) + "\\par\\par\n")
    return f"{{\\rtf1\\ansi\\ansicpg1252\\deff0{font}\\f0\\fs20 {''.join(parts)}}}", "RTF"


def _cda(report: Report, random: Random) -> tuple[str, str]:
    codes = {
        INDICATION: "18785-6",
        HISTORY: "11329-0",
        COMPARISON: "18834-2",
        FINDINGS: "59776-5",
        IMPRESSION: "19005-8",
    }
    parts = []
    for heading, sentences in report.sections:
        words = "".join(f"<paragraph>{html.escape(each)}</paragraph>" for each in sentences)
        code = f"<code code='{codes[heading]}'/>" if random.random() < 0.6 else ""
        title = f"<title>{heading.title()}</title>" if not code or random.random() < 0.5 else ""
        parts.append(f"<component><section>{code}{title}<text>{words}</text></section></component>")
    body = f"<component><structuredBody>{''.join(parts)}</structuredBody></component>"
    return f"<ClinicalDocument xmlns='urn:hl7-org:v3'><title>Report</title>{body}</ClinicalDocument>", "XML"


def _plain(report: Report, random: Random) -> tuple[str, str]:
    return "\n".join(_lines(report, random)), "PLAIN"


def _marked_up(report: Report, random: Random) -> list[str]:
    document, _ = _document_of(report, random)
    if random.random() < 0.5:
        return [_obx(_escape(document).replace("\n", "\\X0A\\"), kind=random.choice(("TX", "FT")))]
    return [_obx(_escape(line)) for line in document.split("\n")]


def _attached(report: Report, random: Random) -> list[str]:
    document, subtype = _document_of(report, random)
    raw = document.encode()
    way = random.randrange(3)
    if way == 0:
        data, encoding = base64.b64encode(raw).decode(), random.choice(("Base64", "base64", ""))
    elif way == 1:
        data, encoding = raw.hex(), "Hex"
    else:
        data, encoding = _escape(document).replace("\n", "\\.br\\"), "A"
    return [_obx(f"APP^TEXT^{subtype}^{encoding}^{data}", kind="ED")]


_TEXTS: tuple[Callable[[Report, Random], list[str]], ...] = (
    _in_one,
    _by_line,
    _by_section,
    _by_section_then_none,
    _coded,
    _noted,
    _notes_alone,
    _base64_as_text,
    _cut_document,
    _cut,
    _marked_up,
    _attached,
)
