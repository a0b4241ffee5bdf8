"""Markup as plain text: what is set apart comes out apart, and nothing is left out in silence."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import MessageRefusedError, Reason, UnsupportedTextError
from ingest.formats.cleaning import MARKUP_LIMIT
from ingest.formats.markup.convert import convert, plain_text
from ingest.formats.markup.detect import looks_like

FIRST, SECOND = "No pneumothorax", "Small left pleural effusion"
APART = f"{FIRST}\n\n{SECOND}"


def narrative(inner: str) -> str:
    section = f"<component><section><text>{inner}</text></section></component>"
    body = f"<component><structuredBody>{section}</structuredBody></component>"
    return f"<ClinicalDocument xmlns='urn:hl7-org:v3'>{body}</ClinicalDocument>"


@pytest.mark.parametrize(
    ("media_type", "document"),
    [
        ("text/html", f"<p>{FIRST}</p><p>{SECOND}</p>"),
        ("text/html", f"<P>{FIRST}<P>{SECOND}"),
        ("text/html", f"<div>{FIRST}</div>\n<div>{SECOND}</div>"),
        ("text/html", f"<ul><li>{FIRST}<li>{SECOND}</ul>"),
        ("text/html", f"<ol><li><p>{FIRST}</p></li><li><p>{SECOND}</p></li></ol>"),
        ("text/html", f"<table><tr><td>{FIRST}</td></tr><tr><td>{SECOND}</td></tr></table>"),
        ("text/html", f"{FIRST}<br><br>{SECOND}"),
        ("text/html", f"{FIRST}<hr/>{SECOND}"),
        ("text/html", f"<pre>{FIRST}\n\n{SECOND}</pre>"),
        (
            "text/html",
            f"<html><head><title>t</title><style>p {{}}</style></head><p>{FIRST}</p><h3>{SECOND}</h3></html>",
        ),
        ("application/xhtml+xml", f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{FIRST}</p><p>{SECOND}</p></div>'),
        ("text/rtf", rf"{{\rtf1\ansi {FIRST}\par {SECOND}\par}}"),
        ("text/rtf", rf"{{\rtf1\ansi{{\fonttbl{{\f0 Arial;}}}}\pard\f0 {FIRST}\par\pard {SECOND}}}"),
        ("text/rtf", f"{{\\rtf1 {FIRST}\\\n{SECOND}}}"),
        ("text/rtf", rf"{{\rtf1 \trowd\intbl {FIRST}\cell\row\trowd\intbl {SECOND}\cell\row\pard}}"),
        ("text/rtf", rf"{{\rtf1 {FIRST}}}{{\rtf1 {SECOND}}}"),
        ("application/hl7-sda+xml", narrative(f"<paragraph>{FIRST}</paragraph><paragraph>{SECOND}</paragraph>")),
        ("text/xml", narrative(f"<list><item>{FIRST}</item><item>{SECOND}</item></list>")),
        ("text/xml", narrative(f"<table><tbody><tr><td>{FIRST}</td></tr><tr><td>{SECOND}</td></tr></tbody></table>")),
    ],
)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_what_markup_sets_apart_comes_out_apart(media_type: str, document: str, as_bytes: bool) -> None:
    text, _ = convert(document.encode() if as_bytes else document, media_type)
    assert [line for line in text.split("\n") if line not in ("x", "y")][:3] == APART.split("\n")


def test_pieces_in_cells_of_one_row_stand_apart_where_a_cell_has_several() -> None:
    document = f"<table><tr><td><p>{FIRST}</p></td><td><p>{SECOND}</p><p>Mass</p></td></tr></table>"
    assert plain_text(document, "text/html") == f"{APART}\n\nMass"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("<table><tr><td>Heart</td><td>normal</td></tr></table>", "Heart: normal"),
        ("<table><tr><th>FINDINGS</th><td>Mass.</td></tr></table>", "FINDINGS: Mass."),
        ("<table><tr><td>d<table><tr><td>b</td></tr></table></td><td>c</td></tr></table>", "d\n\nb\n\nc"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<b>HISTORY</b><p>Cough</p><p>Fever</p>", "HISTORY\nCough\n\nFever"),
        ("<h2>Findings:</h2><p>Mass</p>", "Findings:\nMass"),
        ("<p><b>HISTORY:</b> cough</p><p>Mass</p>", "HISTORY: cough\n\nMass"),
        ("<p>No effusion,</p><p>pneumothorax or</p><p>Mass.</p>", "No effusion,\npneumothorax or\nMass."),
        ("No pneumothorax\n<b>Mass</b> left\nHeart large", "No pneumothorax\nMass left\nHeart large"),
        ("a &lt; b &amp; c&nbsp;d &eacute;<br>", "a < b & c d é"),
        ("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&lt;/p&gt;", "One\n\nTwo"),
        ("<script>var x = '<p>no</p>'</script>Mass<!-- none --><br>", "Mass"),
        ('<div style="white-space: pre-wrap">One\nTwo</div><p>x</p>', "One\nTwo\n\nx"),
    ],
)
def test_html(document: str, words: str) -> None:
    assert plain_text(document, "text/html") == words


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (r"{\rtf1\ansi\deff0{\fonttbl{\f0\fcharset204 A;}}\f0\'ef\'f0\'e8}", "при"),
        (r"{\rtf1\ansi\ansicpg1250 \'b9}", "ą"),
        (r"{\rtf1\uc1\u233?t\u233 ?}", "été"),
        (r"{\rtf1\uc2\u-10179\'3f\'3f\u-8704??!}", "\U0001f600!"),
        (r"{\rtf1{\fonttbl{\f1\fcharset128 M;}}\f1\'83A\'83\'41}", "アア"),
        (r"{\rtf1 a\line b\tab c\emdash d\{\}\\}", "a\nb\tc\u2014d{}\\"),
        (r"{\rtf1{\field{\*\fldinst HYPERLINK x}{\fldrslt link}} on}", "link on"),
        (r"{\rtf1{\*\generator G;}{\info{\author A}}Mass}", "Mass"),
        (r"{\rtf1{\listtext\'b7\tab}Mass\par{\pntext 2.}Node\par}", "Mass\n\nNode"),
        (r"{\rtf1\trowd\intbl Heart\cell large\cell\row\pard End}", "Heart: large\n\nEnd"),
        ("{\\rtf1 no\n effusion}", "no effusion"),
        (r"{\rtf1{\pict\bin4 }}{}x}Mass}", "Mass"),
    ],
)
def test_rtf(document: str, words: str) -> None:
    assert plain_text(document, "application/rtf") == words


def test_rtf_bytes_that_are_no_ascii_are_of_the_documents_code_page() -> None:
    assert plain_text(b"{\\rtf1\\ansicpg1251 \xef\xf0\xe8}", "text/rtf") == "при"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (r"{\rtf1\ansi\b Mass\b0  left\par Node\par}", "Mass left\n\nNode"),
        (r"{\rtf1{\colortbl;\red1;}{\stylesheet{\s1 Normal;}}Heart\par\par Lungs}", "Heart\n\nLungs"),
    ],
)
def test_another_reader_of_rtf_finds_the_same_words(document: str, words: str) -> None:
    from striprtf.striprtf import rtf_to_text

    assert rtf_to_text(document).split() == words.split() == plain_text(document, "text/rtf").split()


def section(code: str, title: str, text: str) -> str:
    return f"<section><code code='{code}'/><title>{title}</title><text>{text}</text></section>"


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (section("59776-5", "Observations made", "Mass"), "FINDINGS:\nMass"),
        (section("", "Impression", "Mass"), "IMPRESSION:\nMass"),
        (
            section("11329-0", "About you", "<paragraph>Cough</paragraph><paragraph>Mass?</paragraph>")
            + section("", "Lungs", "Clear."),
            "HISTORY:\nCough\nMass?\n\nLungs\n\nClear.",
        ),
        ("<section><code code='19005-8'/><text>Mass</text></section>", "IMPRESSION:\nMass"),
    ],
)
def test_cda_sections(inner: str, words: str) -> None:
    document = (
        f"<?xml version='1.0' encoding='utf-16'?><ClinicalDocument><title>Letter</title>{inner}</ClinicalDocument>"
    )
    assert plain_text(document, "text/xml") == words


def test_a_cda_body_that_is_no_xml() -> None:
    body = "<nonXMLBody><text mediaType='{}' representation='B64'>TWFzcw==</text></nonXMLBody>"
    document = f"<ClinicalDocument><component>{body}</component></ClinicalDocument>"
    assert plain_text(document.format("text/plain"), "text/xml") == "Mass"
    with pytest.raises(MessageRefusedError) as caught:
        convert(document.format("application/pdf"), "text/xml")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    ("document", "warning"),
    [
        ("<p>a</p><del>b</del>", "struck_text"),
        ("<p>a</p><span style='text-decoration: line-through'>b</span>", "struck_text"),
        ("<p>a</p><p style='display:none'>b</p>", "hidden_text"),
        ("<p>a</p><select><option>b</select>", "form_unread"),
        ("<p>a</p><img src=b>", "picture_unread"),
        ("<p>a</p><object>b</object>", "attachment_unread"),
        ("<p>a</p><!-- b", "markup_damaged"),
        (r"{\rtf1 a{\deleted b}}", "struck_text"),
        (r"{\rtf1 a\strike b}", "struck_text"),
        (r"{\rtf1 a\v b\v0}", "hidden_text"),
        (r"{\rtf1 a{\footnote b}}", "footnote_unread"),
        (r"{\rtf1{\header b}a}", "page_header_unread"),
        (r"{\rtf1 a{\pict 00}}", "picture_unread"),
        (r"{\rtf1 a{\object b}}", "attachment_unread"),
        (r"{\rtf1 a{\shp{\*\shpinst{\shptxt b}}}}", "text_box_unread"),
        (r"{\rtf1 a", "markup_damaged"),
        (r"{\rtf1{\fonttbl{\f1\fcharset128 M;}}a\f1\'83}", "undecodable_character"),
        (narrative("a<content revised='delete'>b</content>"), "struck_text"),
        (narrative("a<renderMultiMedia/>"), "picture_unread"),
    ],
)
def test_what_is_left_out_is_warned_of(document: str, warning: str) -> None:
    text, warnings = convert(document, looks_like(document) or "text/html")
    assert text.rstrip("\ufffd") == "a"
    assert warning in warnings


@pytest.mark.parametrize(
    ("data", "media_type", "reason"),
    [
        ("<a xmlns='urn:x'>Mass</a>", "text/xml", Reason.UNSUPPORTED_TEXT),
        ("<?xml version='1.0'?><report>Mass</report>", "text/plain", Reason.UNSUPPORTED_TEXT),
        ("<ClinicalDocument><text>", "text/xml", Reason.UNSUPPORTED_TEXT),
        ("no braces", "application/rtf", Reason.UNSUPPORTED_TEXT),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><ClinicalDocument/>", "text/xml", Reason.UNSAFE_XML),
        ("%PDF-1.4", "text/plain", Reason.UNSUPPORTED_FORMAT),
        (b"\x89PNG", "image/png", Reason.UNSUPPORTED_FORMAT),
        ("a" * 20_000_000, "text/html", Reason.TOO_LARGE),
    ],
)
def test_what_can_not_be_read_is_refused(data: str | bytes, media_type: str, reason: Reason) -> None:
    with pytest.raises(MessageRefusedError) as caught:
        convert(data, media_type)
    assert caught.value.reason is reason
    assert isinstance(caught.value, UnsupportedTextError) is (reason is Reason.UNSUPPORTED_TEXT)


@pytest.mark.parametrize(
    "words",
    [
        "Effusion <5 mm and >3 mm",
        "O2 < 90 & stable",
        "p <p 0.05>",
        "Nodule <b or so, mass >c",
        "<Name>, <Title> of <Time>",
        "if a<b and b>c then",
        "lung {\\see} \\par",
        "Signed <unknown user>",
        "<<< critical >>>",
        "R&D; AT&T",
        "",
    ],
)
def test_plain_text_is_left_as_it_stands(words: str) -> None:
    assert looks_like(words) is None
    assert convert(words, "text/plain") == (words, ())


def test_entities_of_plain_text_are_characters() -> None:
    assert convert("Dose &lt; 5 &amp; rising", "text/plain").text == "Dose < 5 & rising"


@pytest.mark.parametrize(
    ("data", "media_type", "words", "warnings"),
    [
        ("é<br>".encode(), "text/html", "é", ()),
        ("é<br>".encode("cp1252"), "text/html", "é", ()),
        ("é<br>".encode(), "text/html; charset=iso-8859-1", "é", ()),
        ("ą".encode("cp1250"), 'text/plain; charset="windows-1250"', "ą", ()),
        ("ą".encode("cp1250"), "text/plain;charset=us-ascii", "¹", ()),
        ("<meta charset=windows-1250>ą<br>".encode("cp1250"), "text/html", "ą", ()),
        ("é".encode("utf-16"), "text/plain", "é", ()),
        (b"a\x81", "text/plain;charset=ascii", "a\ufffd", ("undecodable_character",)),
    ],
)
def test_bytes(data: bytes, media_type: str, words: str, warnings: tuple[str, ...]) -> None:
    assert convert(data, media_type) == (words, warnings)


_PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<td>",
        "<tr>",
        "<table>",
        "</table>",
        "<b",
        ">",
        "&lt;",
        "<!--",
        "<del>",
        "{",
        "}",
        "\\par ",
        "\\'8",
        "\\u9",
        "x",
        "\n",
    ]
)


def _outcome(document: str, media_type: str) -> Reason | None:
    try:
        convert(document, media_type)
    except MessageRefusedError as error:
        return error.reason
    return None


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=60).map("".join), st.sampled_from(["", "{\\rtf1 ", "<ClinicalDocument>", "<html>"]))
def test_whatever_is_sent_gives_text_or_is_refused(body: str, start: str) -> None:
    for media_type in ("text/plain", "text/html", "text/rtf", "text/xml"):
        assert _outcome(start + body, media_type) in (None, Reason.UNSUPPORTED_TEXT, Reason.UNSAFE_XML)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        ("", "<p><b class=x>y"),
        ("", "<table><tr><td>"),
        ("", "<"),
        ("", "<br "),
        ("", "&lt;b"),
        ("", "<b>"),
        ("", "<!--"),
        ("{\\rtf1 ", "{\\b "),
        ("{\\rtf1 ", "\\'83"),
        ("{\\rtf1 ", "\\u1 "),
        ("{\\rtf1{\\fonttbl", "\\f1"),
        ("<ClinicalDocument><component><text>", "<list><item>"),
        ("<ClinicalDocument>", "<component><section>"),
    ],
)
def test_time_grows_with_the_size_alone(start: str, piece: str) -> None:
    def seconds(size: int) -> float:
        document = start + piece * (size // len(piece))
        begun = time.process_time()
        _outcome(document, "text/plain")
        return time.process_time() - begun

    seconds(1_000)
    # Sixteen times the size may take sixteen times as long; a quadratic reader takes 256 times.
    assert seconds(480_000) < 60 * max(seconds(30_000), 0.005)


CDA_START = (
    "<ClinicalDocument xmlns='urn:hl7-org:v3'><component><structuredBody><component><section>"
    "<title>Findings</title><text><paragraph>"
)
CDA_END = "</paragraph></text></section></component></structuredBody></component></ClinicalDocument>"


@pytest.mark.parametrize(
    ("media_type", "start", "piece", "end"),
    [
        ("text/html", "<p>", "<div>", "Clear."),
        ("text/html", "<p>", "<br/>", "Clear."),
        ("text/plain", "<p>", "<p>", "Clear."),
        ("text/html", "<p>", "&amp;", "Clear."),
        ("text/html", "", "&lt;p>", "Clear."),
        ("application/rtf", "{\\rtf1 ", "\\b0 ", "Clear.}"),
        ("application/rtf", "{\\rtf1 ", "\\par ", "Clear.}"),
        ("application/cda+xml", CDA_START, "<br/>", "Clear." + CDA_END),
    ],
)
def test_markup_has_a_bound_of_its_own(media_type: str, start: str, piece: str, end: str) -> None:
    around = sum(map((start + end).count, "<&\\{}"))
    document = start + piece * (MARKUP_LIMIT - around) + end
    begun = time.process_time()
    assert "Clear." in plain_text(document, media_type)
    assert time.process_time() - begun < 6
    with pytest.raises(MessageRefusedError) as refused:
        plain_text(start + piece + document.removeprefix(start), media_type)
    assert refused.value.reason is Reason.TOO_LARGE


def test_words_that_are_no_markup_have_no_such_bound() -> None:
    words = "2 < 3 & 4 > 1. " * MARKUP_LIMIT
    assert plain_text(words, "text/plain") == words
