"""What grows with the site, and should not: listings, search and publishing, at several sizes."""

import contextlib
import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from django.db import connection
from django.test.utils import CaptureQueriesContext

from content.anchors import Anchor
from content.listing import PAGE_SIZE, Listing
from content.models import VoicesPage
from content.search import Question, Search, bounded
from tests.bench import sites
from tests.bench.table import Row, Table
from tests.factories import Tree, copies
from tests.fixtures import databases
from topics.models import TopicPage

CALLS = 15
ROUNDS = 3  # of several sites, one after the other
SIZES = {"1k": 1_000, "100k": 100_000, "1M": 1_000_000}
WHOLE = ", all that is asked"  # with the places in one query: numbers of kinds and years, filters
# What a figure is compared with at the smallest size, if not with itself there.
BESIDE = {
    "listing, 100th page": "listing, first page",
    "listing, last page": "listing, first page",
}
SEARCHES = {
    "a rare word": sites.RARE,
    "a very common word": sites.COMMON,
    "both together": f"{sites.RARE} {sites.COMMON}",
    "a word nobody wrote": "zzyzx",
}


@dataclass
class Site:
    """What was measured of one site. figures: milliseconds by name, one of each round. plans: what PostgreSQL
    does, by name."""

    name: str
    made_in: float
    database: str
    tree: Tree
    numbers: Iterator[int] = field(default_factory=itertools.count)
    figures: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    plans: dict[str, str] = field(default_factory=dict)


def importing(table: Table) -> None:
    """Compare what an item costs of a few that are imported at once with one of many, into a site that the
    database has not looked at yet."""
    few, many = 200, 4_000
    with databases.copied("imports") as name, databases.using(name):
        tree = Tree()
        seconds = {}
        for number in (few, few, many):  # the first warms up
            item = tree.voice()
            start = time.monotonic()
            copies(item, number)
            seconds[number] = (time.monotonic() - start) / number
    beside = f"of {few} at once {seconds[few] * 1000:.2f} ms"
    what, ratio = f"importing an item, of {many:,} at once", seconds[many] / seconds[few]
    table.add(Row("5", what, f"{seconds[many] * 1000:.2f} ms", beside, ratio, most=2))


def measure(sizes: list[str]) -> list[Site]:
    """Make sites of these sizes and measure them in turn: what the machine does beside is shared by all."""
    with contextlib.ExitStack() as kept:
        made = [_made(size, kept.enter_context(databases.copied(f"bench_{size.lower()}"))) for size in sizes]
        for site in made * (ROUNDS if len(made) > 1 else 1):
            with databases.using(site.database):
                _listings(site, site.tree.harm_reduction)
                _filtered(site, site.tree.harm_reduction)
                _searches(site)
                _publishing(site)
    return made


def _made(size: str, database: str) -> Site:
    with databases.using(database):
        tree = Tree()
        item = tree.voice(title="Newest", published_on=date(2026, 5, 1))
        start = time.monotonic()
        sites.grow(item, SIZES[size] - 1, tree.program)
        return Site(size, time.monotonic() - start, database, tree)


def _median(act: Callable[[], object]) -> float:
    """Return the milliseconds that something takes, warm: the first calls of a process take twice as long."""
    for _ in range(CALLS):
        act()
    figures = []
    for _ in range(CALLS):
        start = time.perf_counter()
        act()
        figures.append((time.perf_counter() - start) * 1000)
    return statistics.median(figures)


def _listings(site: Site, topic: TopicPage) -> None:
    """Measure what a page of a listing asks of the database: its places, and the cards are fetched apart."""
    entries = topic.items.entries
    hundredth = entries.newest_first().anchors(min(100 * PAGE_SIZE, SIZES[site.name] - PAGE_SIZE))[-1]
    oldest = entries.oldest_first().anchors(1)[0]
    cuts: dict[str, Anchor | None] = {"first page": None, "100th page": hundredth, "last page": oldest}

    for name, anchor in cuts.items():

        def page(anchor: Anchor | None = anchor) -> object:
            listing = Listing(topic.items, "/", since=str(anchor) if anchor else None)
            return listing.anchors, listing.older, listing.newer

        site.figures[f"listing, {name}"].append(_median(page))
        shown = entries.since(anchor).oldest_first() if anchor else entries.newest_first()
        for part, plan in (("", shown[:PAGE_SIZE].explain(analyze=True)), (WHOLE, _explained(page))):
            site.plans[f"listing, {name}{part}"] = plan
            took = float(plan.split("Execution Time:")[1].split()[0])
            site.figures[f"listing, {name}: execution{part}"].append(took)


def _explained(ask: Callable[[], object]) -> str:
    """Return how PostgreSQL answers the one query that something asks."""
    with CaptureQueriesContext(connection) as asked:
        ask()
    [query] = asked.captured_queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ANALYZE {query['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


def _filtered(site: Site, topic: TopicPage) -> None:
    """Measure the first pages of filtered listings, and the last where it is long."""
    of_tag = Listing(topic.items, "/", tag=sites.COMMON).stream.entries
    cuts = {
        "filtered by a common tag": {"tag": sites.COMMON},
        "filtered by a common tag, last page": {
            "tag": sites.COMMON,
            "since": str(of_tag.oldest_first().anchors(1)[0]),
        },
        "filtered by a rare tag": {"tag": sites.RARE},
        "filtered by program and tag": {"program": "health-and-rights", "tag": sites.COMMON},
    }
    for name, cut in cuts.items():

        def page(cut: dict[str, str] = cut) -> object:
            listing = Listing(topic.items, "/", **cut)
            return listing.anchors, listing.older, listing.newer

        site.figures[name].append(_median(page))
        if "since" not in cut:
            entries = Listing(topic.items, "/", **cut).stream.entries
            site.plans[name] = entries.newest_first()[:PAGE_SIZE].explain(analyze=True)


def _searches(site: Site) -> None:
    locale = site.tree.home.locale_id
    for name, words in SEARCHES.items():

        def search(words: str = words) -> object:
            with bounded():
                found = Search(Question(words, "en", locale))
                return found.total, found.pages, found.items

        site.figures[f"search, {name}"].append(_median(search))
        with bounded():
            candidates = Search(Question(words, "en", locale)).candidates
            site.plans[f"search, {name}"] = candidates[:2_000].explain(analyze=True)


def _publishing(site: Site) -> None:
    tree = site.tree

    def publish() -> None:
        page = VoicesPage(
            title=f"Fresh {next(site.numbers)}",
            summary="New.",
            published_on=date(2026, 6, 1),
            primary_topic=tree.justice,
        )
        tree.voices.refresh_from_db()
        tree.voices.add_child(instance=page)
        page.save_revision().publish()

    site.figures["publishing an item"].append(_median(publish))


def report(table: Table, found: list[Site]) -> None:
    """Print what PostgreSQL does in the largest site, and all sizes beside each other; add rows of bars."""
    smallest, largest = found[0], found[-1]
    for name, plan in largest.plans.items():
        print(f"\n{name}, {largest.name}:\n{plan}")
    made = ", ".join(f"{site.name} in {site.made_in:.0f} s" for site in found)
    print(f"\nsites made: {made}\n")
    print(f"{'milliseconds':42}" + "".join(f"{site.name:>10}" for site in found))
    for name in smallest.figures:
        print(f"{name:42}" + "".join(f"{statistics.median(site.figures[name]):10.2f}" for site in found))
    print()
    for name in smallest.figures:
        table.add(_row(name, smallest, largest))


def _row(name: str, small: Site, large: Site) -> Row:
    """Return the row of one figure."""
    figure = statistics.median(large.figures[name])
    what, measured = f"{name}, {large.name}", f"{figure:.2f} ms"
    if "execution" in name:
        return Row("3", what, measured, "", figure, most=None if name.endswith(WHOLE) else 0.2)
    if name.startswith("search"):
        return Row("4", what, measured, "", figure, most=150)
    other = BESIDE.get(name, name)
    first = statistics.median(small.figures[other])
    called = "the same" if other == name else other.removeprefix("listing, ")
    beside = f"{called} at {small.name} {first:.2f} ms"
    bar, most = ("5", 2.0) if name.startswith("publishing") else ("3", 1.5)
    pairs = zip(small.figures[other], large.figures[name], strict=True)
    return Row(bar, what, measured, beside, statistics.median(of / to for to, of in pairs), most=most)
