"""What a topic page weighs on the wire, with realistic texts: gzip -6, all its styles inlined."""

import gzip
import re

import pytest
from django.test import Client
from django.utils import timezone

from content.demo import texts
from harmhub import styles
from tests.factories import ImageFactory, PersonFactory, ProgramFactory, Tree
from topics.kinds import Kind
from topics.models import ProgramPage

PATH = "/topics/health/harm-reduction/"
DOCUMENT, WITH_HEADERS, ELEMENTS = 10_240, 13_000, 450  # bytes, bytes, number


@pytest.fixture
def full(tree: Tree) -> Tree:
    """Fill Harm Reduction's panel, and give it two pages of work, the newest with pictures."""
    topic = tree.harm_reduction
    told = next(t for t in texts.table("topics")["topic"] if t["slug"] == "harm-reduction")
    topic.introduction, topic.learn_more = told["introduction"], f"<p>{told['learn_more']}</p>"
    topic.grant_seekers = f"<p>{told['grants']}</p>"
    topic.local_help = f'<p>In Lisbon call <a href="tel:112">112</a>. {told["introduction"]}</p>'
    for place in ("Lisbon", "Accra", "Tunis"):
        program = ProgramFactory(
            parent=tree.programs, title=f"Health in {place}", tagline="Services and medicines"
        )
        program.topics = [topic]
        program.save()
        person = PersonFactory(
            parent=tree.people, title=f"Noor from {place}", program=program, office=place, role="Director"
        )
        topic.topic_people.create(person=person)
    topic.save()
    makers = {"voices": tree.voice, "event": tree.event, "publication": tree.publication}
    for number, text in enumerate(texts.items()[:24]):
        head = text.head
        picture = ImageFactory(file__filename=f"{text.slug}.jpg")
        made = makers[head["kind"]](
            title=head["title"], slug=text.slug, summary=head["summary"], published_on=timezone.localdate(),
            image=picture, programs=ProgramPage.objects.all(),
        )  # fmt: skip
        made.tags.add(f"subject {number // 2 * 2}", f"subject {number // 2 * 2 + 1}", *head.get("tags", []))
        for author in head.get("authors", ["Daria Holt"]):
            made.authors.create(name=author.replace("-", " ").title())
        made.save()
    return tree


def test_topic_page_fits_its_budget(full: Tree, client: Client):
    response = client.get(PATH)
    page = response.content.decode()
    assert page.count('<li class="card') == 12
    assert page.count("<picture>") == 4
    assert page.count("/harm-reduction/program/") == 4
    assert page.count("/harm-reduction/tag/") == 16
    headers = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
    zipped = len(gzip.compress(response.content, 6))
    assert zipped <= DOCUMENT, f"{zipped} bytes"
    together = len(gzip.compress(headers.encode(), 6)) + zipped
    assert together <= WITH_HEADERS, f"{together} bytes with headers"
    shown = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S)
    elements = len(re.findall(r"<[a-z]", shown))
    assert elements <= ELEMENTS, f"{elements} elements"


def test_every_class_that_the_styles_name_is_on_some_page():
    """What no page uses is weight that every reader carries."""
    sheets = "".join(styles.bundle(name) for name in styles.BUNDLES)
    named = set(re.findall(r"\.([a-z][a-z-]*)(?=[^{}]*\{)", re.sub(r"@import[^;]*;|\d\.", "", sheets)))
    named -= {kind.value for kind in Kind}
    templates = (styles.STATIC.parent / "templates").rglob("*.html")
    used = {
        word
        for template in templates
        for attribute in re.findall(r'class="([^"]*)"', re.sub(r"\{[%{].*?[%}]\}", " ", template.read_text()))
        for word in attribute.split()
    }
    given = {"bad", "field", "form", "lead-first", "single"}  # by conditions inside the attribute
    assert named - used - given == set()
