import pytest

from vlmkg.pipeline import load_engine, read_reports
from vlmkg.reading.language import language_of
from vlmkg.reading.sections import find_sections, find_set_aside

FOREIGN = {
    "de": [
        "Kein Pleuraerguss, kein Pneumothorax.",
        "Kein Hinweis auf Infiltrat oder Stauung. Herz nicht vergrößert.",
        "Mediastinum nicht verbreitert, Hili unauffällig. Zustand nach Sternotomie.",
        "KEIN PNEUMOTHORAX. KEINE FRAKTUR.",
    ],
    "fr": [
        "Pas d'épanchement pleural ni de pneumothorax.",
        "Silhouette cardiaque normale, pas de consolidation.",
        "Opacité du lobe inférieur droit compatible avec une pneumonie.",
    ],
    "es": [
        "Sin derrame pleural ni neumotórax.",
        "Cardiomegalia leve con signos de congestión pulmonar.",
        "Nódulo pulmonar calcificado en lóbulo superior derecho.",
    ],
    "it": ["Nessun versamento pleurico.", "Opacità in sede basale destra compatibile con polmonite."],
    "pt": ["Sem derrame pleural ou pneumotórax.", "Opacidade no lobo inferior direito sugestiva de pneumonia."],
    "nl": ["Geen pleuravocht, geen pneumothorax.", "Klein infiltraat in de linker onderkwab, geen pneumothorax."],
    "pl": ["Bez cech odmy opłucnowej.", "Zagęszczenia zapalne w dolnym płacie prawego płuca."],
    "tr": ["Pnömotoraks saptanmadı.", "Sağ alt lobda infiltrasyon izlenmektedir. Plevral efüzyon yok."],
    "sv": ["Ingen pleuravätska, ingen pneumothorax.", "Litet infiltrat i vänster underlob. Hjärtat är inte förstorat."],
    "ru": ["Легкие без очаговых и инфильтративных изменений."],
    "zh": ["未见气胸。心影正常。"],
}
SHORTHAND = [
    *("No ptx. ETT 3cm above carina. R SC CVC tip mid SVC.", "NAD", "Clear.", "Cardiomegaly", "CXR nad", "Neg", "WNL"),
    *("R PICC tip SVC. L basal atx.", "Bibasilar atx. Sm L eff. No ptx.", "Lungs clear. Heart nl. No eff.", "LLL pna"),
    *(
        "Old TB. No active dz.",
        "RUL mass ?ca",
        "s/p CABG. stable.",
        "AICD leads RA RV. PPM.",
        "Emphysema. Apical bullae.",
    ),
    *(
        "Infilterate left lower lobe.",
        "Cardiac silhoutte is enlagred.",
        "Dextroscoliosis",
        "8mm nodule RUL (prev 6mm).",
    ),
    *(
        "Port-a-cath in situ",
        "Sternotomy wires. MVR. LAA clip.",
        "Swan Ganz RPA",
        "Degenerative osteophytes",
        "Post TAVR",
    ),
    *(
        "XXXX XXXX. XXXX. Normal.",
        "HEART NORMAL. LUNGS CLEAR. NO EFFUSION.",
        "Dr. Szymanowski informed by Nurse Kowalczyk.",
    ),
]
ENGINE = load_engine("rules")


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in FOREIGN.items() for text in texts])
def test_nothing_is_read_of_a_report_that_is_not_english(code: str, text: str) -> None:
    (reading,) = read_reports(ENGINE, [text])
    assert reading.graph.mentions == ()
    assert [warning.reason for warning in reading.warnings] == ["language", "nothing_read"]
    if len(text) > 60:
        assert reading.warnings[0].detail == code


@pytest.mark.parametrize("text", SHORTHAND)
def test_telegraphic_english_is_english(text: str) -> None:
    assert language_of(text) == "en"
    assert "language" not in [one.reason for one in find_set_aside(text)]


@pytest.mark.parametrize("text", [text for texts in FOREIGN.values() for text in texts])
@pytest.mark.parametrize("english", ["The lungs are clear. No pneumothorax.", "FINDINGS: Small left effusion."])
@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_an_english_paragraph_beside_another_language_is_read(text: str, english: str, gap: str) -> None:
    (alone,) = read_reports(ENGINE, [english])
    wanted = [(one.text, one.presence) for one in alone.graph.mentions]
    for both in (f"{text}{gap}{english}", f"{english}{gap}{text}"):
        (reading,) = read_reports(ENGINE, [both])
        assert [(one.text, one.presence) for one in reading.graph.mentions] == wanted
        assert "language" in [warning.reason for warning in reading.warnings]


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS:\n左侧胸腔积液\n心脏 Small left pleural effusion.",
        "FINDINGS:\nПлевральный выпот. Small left pleural effusion.",
        "FINDINGS:\nΜέγεθος αβ Small left pleural effusion.",
        "Small left pleural effusion. 左胸水あり。",
    ],
)
def test_an_english_sentence_beside_words_in_another_script_is_read(text: str) -> None:
    read = "".join(text[one.start : one.end] for one in find_sections(text))
    assert "Small left pleural effusion." in read
