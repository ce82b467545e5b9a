"""Reading a file of addresses: CSV (RFC 4180) as exports and spreadsheets write it, line by line, nothing
guessed. What cannot be used is told by its line, and never repeated."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from io import StringIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from harmhub.addresses import validate_address
from harmhub.sealing import address_digest
from newsletter.models import List, Pace

MOST_LINES = 50_000
LONGEST_CELL, LONGEST_WORDING = 4_000, 2_000
SHOWN_PROBLEMS = 50
EARLIEST = date(1990, 1, 1)

# Headings, without case and signs; among them those of our own export.
COLUMNS = {
    "address": ("address", "email", "emailaddress", "mail", "mailaddress"),
    "list": ("list", "topic"),
    "pace": ("pace", "frequency"),
    "language": ("language", "lang"),
    "wording": ("wording", "consent", "consentwording", "source", "consentsource"),
    "day": ("day", "consentday", "date", "consentdate"),
}
SEPARATORS = {";": gettext_lazy("semicolons"), ",": gettext_lazy("commas"), "\t": gettext_lazy("tabs")}


class Problem(models.TextChoices):
    """Why a line cannot be used."""

    ADDRESS = "address", gettext_lazy("This is no e-mail address that mail can be sent to.")
    CELLS = "cells", gettext_lazy("It has more cells than the first line: is a text with commas not quoted?")
    LIST = "list", gettext_lazy("The list is not there. Write the address of its page, or its name.")
    SEVERAL = "several", gettext_lazy("Several lists have this name. Write the address of its page.")
    PACE = "pace", gettext_lazy("The pace is none of: at-once, daily, weekly, monthly.")
    LANGUAGE = "language", gettext_lazy("The language is none of this site.")
    WORDING = "wording", gettext_lazy("Nothing says what was agreed to, or where.")
    LONG = "long", gettext_lazy("A cell is too long.")
    NO_DAY = "no-day", gettext_lazy("Nothing says on which day it was agreed to.")
    DAY = "day", gettext_lazy("Write the day like 2026-03-28; it lies between 1990 and today.")
    DOUBLE = "double", gettext_lazy("Address and list stand in a line above already.")


@dataclass
class Defaults:
    """What counts for the lines that do not say it themselves."""

    list: List | None
    pace: str
    wording: str
    day: date | None
    today: date


@dataclass
class Reader:
    """One address of the file, with all its wishes: list, pace, wording (both by number) and day."""

    address: str
    language: str
    wishes: list[tuple[int, str, int, str]] = field(default_factory=list)


@dataclass
class Contents:
    """What a file says."""

    readers: list[Reader]
    lists: list[List]
    wordings: list[str]
    problems: list[tuple[int, str]]
    refused: int
    kind: str  # how it is written, for people
    unknown: list[str]  # headings that nobody knows

    @property
    def as_json(self) -> dict:
        """What ``Import.content`` holds."""
        keys = [
            [each.page_id, each.locale_id, each.kind, each.program_id, each.tag_id] for each in self.lists
        ]
        readers = [[each.address, each.language, each.wishes] for each in self.readers]
        return {"lists": keys, "wordings": self.wordings, "readers": readers}


def read(upload: bytes, defaults: Defaults, find_list: Callable[[str], List | Problem]) -> Contents:
    """Return what a file says. ValidationError: it is no such file; its message says what to do.

    find_list: from the cell of a list to that list.
    """
    text, charset = _text(upload)
    head = _head(text)
    sheet = _Sheet(defaults, find_list, head)
    for line, cells in _lines(text, head.separator):
        sheet.add(line, cells)
    kind = f"{charset}, {SEPARATORS[head.separator]}"
    found = [*sheet.readers.values()]
    if not found and not sheet.refused:
        raise ValidationError(_("There is nothing below the first line."))
    lists, wordings = [*sheet.lists.values()], [*sheet.wordings]
    return Contents(found, lists, wordings, sheet.problems, sheet.refused, kind, head.unknown)


def _text(upload: bytes) -> tuple[str, str]:
    if not upload.strip():
        raise ValidationError(_("The file is empty."))
    if b"\0" in upload:
        raise ValidationError(_("This is no CSV file. In the spreadsheet, choose “Save as” and “CSV UTF-8”."))
    try:
        return upload.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as problem:
        if upload.startswith(b"\xef\xbb\xbf"):
            raise ValidationError(_("The file is damaged: it begins as UTF-8 and is not.")) from problem
    try:
        return upload.decode("windows-1252"), "Windows-1252"
    except UnicodeDecodeError as problem:
        message = _("The file is neither UTF-8 nor Windows-1252. Save it as “CSV UTF-8”.")
        raise ValidationError(message) from problem


@dataclass
class _Head:
    """What the first line says: where the columns are, how many there are, and which nobody knows."""

    separator: str
    columns: dict[str, int]
    width: int
    unknown: list[str]


def _head(text: str) -> _Head:
    first = next((line for line in StringIO(text, newline=None) if line.strip()), "")[:LONGEST_CELL]
    best = max(SEPARATORS, key=lambda sign: len(_known(first, sign)))
    headings = _cells_of(first, best)
    names = [_column(each) for each in headings]
    known = [name for name in names if name]
    if "address" not in known:
        raise ValidationError(
            _("The first line has to name the columns, one of them “address”. Known are: %(names)s.")
            % {"names": ", ".join(COLUMNS)}
        )
    if len(set(known)) < len(known):
        raise ValidationError(_("Two columns have the same meaning. Keep one of them."))
    unnamed = [each.strip()[:40] for each, name in zip(headings, names, strict=True) if not name]
    columns = {name: number for number, name in enumerate(names) if name}
    return _Head(best, columns, len(headings), [each for each in unnamed if each])


def _known(line: str, separator: str) -> set[str]:
    return {name for each in _cells_of(line, separator) if (name := _column(each))}


def _cells_of(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _column(heading: str) -> str:
    bare = re.sub(r"[\W_]", "", heading).casefold()
    return next((name for name, words in COLUMNS.items() if bare in words), "")


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines below the headings, with the numbers of those in which they begin."""
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    begins, is_headed, count = 1, False, 0
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as problem:
            message = _(
                "Line %(line)s cannot be read: a quotation mark is missing or too much, or a cell is huge."
            )
            raise ValidationError(message % {"line": begins}) from problem
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            if is_headed:
                count += 1
                yield begins, cells
            is_headed = True
        if count > MOST_LINES:
            message = _("There are more than %(most)s lines. Divide the file.")
            raise ValidationError(message % {"most": f"{MOST_LINES:,}"})
        begins = rows.line_num + 1


class _Refused(Exception):
    """A line cannot be used."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class _Sheet:
    """What was read until now."""

    def __init__(self, defaults: Defaults, find_list: Callable[[str], List | Problem], head: _Head) -> None:
        self.defaults, self.find_list, self.head = defaults, find_list, head
        self.readers: dict[bytes, Reader] = {}
        self.lists: dict[tuple, List] = {}
        self.wordings: dict[str, int] = {}
        self.problems: list[tuple[int, str]] = []
        self.refused = 0
        self._numbers: dict[tuple, int] = {}
        self._pairs: set[tuple[bytes, int]] = set()
        self._languages = {code.casefold(): code for code, _name in settings.LANGUAGES}
        self._languages |= {name.casefold(): code for code, name in settings.LANGUAGES}
        self._paces = {word.casefold(): pace.value for pace in Pace for word in (pace.value, str(pace.label))}

    def add(self, line: int, cells: list[str]) -> None:
        """Take a line, or note why it cannot be taken."""
        try:
            self._add(cells)
        except _Refused as refused:
            self.refused += 1
            if len(self.problems) < SHOWN_PROBLEMS:
                self.problems.append((line, refused.problem.value))

    def _add(self, cells: list[str]) -> None:
        row = {name: cells[at].strip() for name, at in self.head.columns.items() if at < len(cells)}
        if any(cell.strip() for cell in cells[self.head.width :]):
            raise _Refused(Problem.CELLS)
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise _Refused(Problem.LONG)
        address = self._address(row.get("address", ""))
        chosen = self._list(row.get("list", ""))
        language = self._language(row.get("language", ""), chosen)
        pace, wording, day = self._pace(row.get("pace", "")), self._wording(row), self._day(row)
        digest, number = address_digest(address), self._number(chosen)
        if (digest, number) in self._pairs:
            raise _Refused(Problem.DOUBLE)
        self._pairs.add((digest, number))
        reader = self.readers.setdefault(digest, Reader(address, language))
        reader.wishes.append((number, pace, self.wordings.setdefault(wording, len(self.wordings)), day))

    def _address(self, cell: str) -> str:
        try:
            if len(cell) > 254:
                raise ValidationError("")
            validate_address(cell)
        except ValidationError as problem:
            raise _Refused(Problem.ADDRESS) from problem
        return cell

    def _list(self, cell: str) -> List:
        found = self.find_list(cell) if cell else self.defaults.list or Problem.LIST
        if isinstance(found, Problem):
            raise _Refused(found)
        return found

    def _number(self, chosen: List) -> int:
        if chosen.key not in self._numbers:
            self._numbers[chosen.key] = len(self._numbers)
            self.lists[chosen.key] = chosen
        return self._numbers[chosen.key]

    def _language(self, cell: str, chosen: List) -> str:
        code = self._languages.get(cell.casefold()) if cell else chosen.locale.language_code
        if code is None:
            raise _Refused(Problem.LANGUAGE)
        return code

    def _pace(self, cell: str) -> str:
        pace = self._paces.get(cell.casefold()) if cell else self.defaults.pace
        if pace is None:
            raise _Refused(Problem.PACE)
        return pace

    def _wording(self, row: Mapping[str, str]) -> str:
        wording = row.get("wording", "") or self.defaults.wording
        if not wording:
            raise _Refused(Problem.WORDING)
        if len(wording) > LONGEST_WORDING:
            raise _Refused(Problem.LONG)
        return wording

    def _day(self, row: Mapping[str, str]) -> str:
        cell = row.get("day", "")
        if not cell:
            if self.defaults.day is None:
                raise _Refused(Problem.NO_DAY)
            return self.defaults.day.isoformat()
        day = day_in(cell)
        if day is None or not EARLIEST <= day <= self.defaults.today:
            raise _Refused(Problem.DAY)
        return day.isoformat()


def day_in(cell: str) -> date | None:
    """Return the day in a cell: as ISO 8601, with or without a time, or as 28.3.2026. Slashes are refused:
    03/04/2026 is one day in Boston and another in Dublin."""
    iso = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})([T ][\d:.+Z-]*)?", cell, re.ASCII)
    dotted = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", cell, re.ASCII)
    try:
        if iso:
            return date(*map(int, iso.group(1, 2, 3)))
        return date(*map(int, dotted.group(3, 2, 1))) if dotted else None
    except ValueError:
        return None
