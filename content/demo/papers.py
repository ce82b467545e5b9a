"""The files of the demo site's publications: what stands on their pages."""

from datetime import date

from content.demo import texts
from content.demo.pdf import pdf

FOUNDATION = "Fennmark Foundation"
TYPES = {
    "report": "Report",
    "brief": "Brief",
    "guide": "Guide",
    "submission": "Submission",
    "annual": "Annual report",
}
INVENTED = {
    "en": "Invented to demonstrate a website. Authors, places and figures do not exist.",
    "es": "Esta publicación es inventada y sirve de demostración. Sus autores, lugares y cifras no existen.",
    "fr": "Publication inventée pour une démonstration. Auteurs, lieux et chiffres n'existent pas.",
    "pt": "Esta publicação foi inventada para uma demonstração. Autores, lugares e números não existem.",
}
Part = list[tuple[str, str]]


def paper(text: texts.Text, language: str, published: date, authors: list[str]) -> bytes:
    """Return the PDF of a publication in a language. KeyError: it is not translated into it."""
    head = text.head
    if language == "en":
        title, parts = head["title"], _english(text)
    else:
        told = head["translations"][language]
        title = told["title"]
        parts = [[("heading", title), *_running(told["text"])]]
    cover: Part = [
        ("space", ""),
        ("note", f"{FOUNDATION} · {TYPES[head['type']]} · {published.year}"),
        ("title", title),
        *([("lead", head["summary"])] if language == "en" else []),
        ("text", " · ".join(authors)),
    ]
    numbers = [f"{name.upper()} {head[name]}" for name in ("isbn", "doi") if name in head]
    imprint: Part = [
        ("heading", FOUNDATION),
        ("text", INVENTED[language]),
        *(("note", number) for number in numbers),
        ("note", "CC BY 4.0"),
    ]
    return pdf(title, language, [cover, *parts, imprint], f"{FOUNDATION} · {title}")


def _running(body: str) -> Part:
    styles = {"heading": "heading", "list": "item", "quote": "lead", "callout": "lead", "text": "text"}
    shown: Part = []
    for kind, lines in texts.paragraphs(body):
        whole = lines if kind == "list" else [" ".join(lines)]
        shown += [(styles[kind], texts.plain(line)) for line in whole]
    return shown


def _english(text: texts.Text) -> list[Part]:
    findings: Part = [("heading", "Key findings"), *(("item", one) for one in text.head.get("findings", []))]
    topics = {topic["slug"]: topic for topic in texts.table("topics")["topic"]}
    behind: Part = [("heading", "The work behind it")]
    for slug in text.head["topics"]:
        topic = topics[slug]
        behind += [
            ("lead", f"{topic['title']}. {topic['introduction']}"),
            *_running(topic.get("learn_more", "")),
        ]
    programs = {program["slug"]: program for program in texts.table("programs")["program"]}
    made: Part = [("heading", "The programs that made it")]
    made += [
        ("text", f"{programs[slug]['title']}. {programs[slug]['purpose']}") for slug in text.head["programs"]
    ]
    about: Part = [("heading", "About this publication"), *_running(text.body)]
    return [findings, about, behind, made]
