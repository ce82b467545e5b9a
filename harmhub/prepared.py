"""Queries whose SQL is put together once, not each time they are asked.

To make SQL of a query of several tables takes Django longer than it takes the database to answer, and pages
ask the same few queries again and again with other values. So a function that returns a query is called once
with stand-ins for its values; where these stand among the parameters, the values stand from then on.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import update_wrapper
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

MOST = 64  # statements of one query that are kept: its shapes are few, but years are many
ANY_OTHER = "%"  # behind a stand-in: the pattern of what begins with the value

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def moment() -> datetime:
    """Return what a query is to take for now."""
    return _moment.get() or timezone.now()


@dataclass(frozen=True)
class Slot:
    """A parameter that stands for a value. of: which one. kind: the type in which it is sent. begins: it is
    the pattern of what begins with the value."""

    of: int
    kind: type
    begins: bool

    def filled(self, values: Sequence[Any], connection: Any) -> Any:
        """Return the parameter for some values."""
        value = values[self.of]
        if self.begins:
            return f"{connection.ops.prep_for_like_query(value)}{ANY_OTHER}"
        return value if isinstance(value, self.kind) else self.kind(value)


class Statement:
    """The SQL of a query, and where its values stand in it."""

    def __init__(self, query: QuerySet, stand_ins: Sequence[Any]) -> None:
        self._query = query
        self._compiler: SQLCompiler = query.query.get_compiler(query.db)
        self._sql, given = self._compiler.as_sql()
        self._parameters = [_slot(parameter, stand_ins) for parameter in given]
        found = {each.of for each in self._parameters if isinstance(each, Slot)}
        # The first, which is now, need not be asked for.
        if missing := set(range(1, len(stand_ins))) - found:
            raise TypeError(f"Values of the query stand nowhere in it: {sorted(missing)}.")

    def rows(self, values: Sequence[Any]) -> list[Any]:
        """Return what the database tells for some values."""
        connection = connections[self._query.db]
        parameters = tuple(
            each.filled(values, connection) if isinstance(each, Slot) else each for each in self._parameters
        )
        compiler = copy.copy(self._compiler)
        compiler.connection = connection  # each thread has its own
        compiler.as_sql = lambda *args, **kwargs: (self._sql, parameters)  # type: ignore[method-assign]
        query = self._query.all()
        query.query.get_compiler = lambda *args, **kwargs: compiler  # type: ignore[method-assign]
        return list(query)


def _slot(parameter: Any, stand_ins: Sequence[Any]) -> Any:
    """Return a slot for a parameter that is a stand-in, and any other as it is."""
    for number, stand_in in enumerate(stand_ins):
        if isinstance(parameter, type(stand_in)) and parameter == stand_in:
            return Slot(number, type(parameter), begins=False)
        if isinstance(stand_in, str) and parameter == f"{stand_in}{ANY_OTHER}":
            return Slot(number, str, begins=True)
        if str(stand_in) in str(parameter):
            raise TypeError(f"A value of the query became a part of {parameter!r}.")
    return parameter


_numbers = count()
_MAKERS: dict[type, Callable[[int], Any]] = {
    # As no value of ours looks; the same one is never made twice.
    int: lambda number: 2_000_000_000 + number % 100_000_000,
    str: lambda number: f"standin{number}x{uuid4().hex}",
    UUID: lambda number: uuid4(),
    date: lambda number: date(9000, 1, 1) + timedelta(days=number % 300_000),
    datetime: lambda number: datetime(9000, 1, 1, tzinfo=UTC) + timedelta(seconds=number, microseconds=7),
}


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    """Yield the values that stand in parameters: of the known types, also those in lists."""
    for value in values:
        if isinstance(value, list):
            yield from value
        elif type(value) in _MAKERS:
            yield value


def _shape(value: Any) -> Any:
    """Return what the SQL depends on: of a list its length, of what no parameter stands for the value."""
    if isinstance(value, list):
        return (list, *map(type, value))
    return type(value) if type(value) in _MAKERS else value


def _stand_in(value: Any) -> Any:
    if isinstance(value, list):
        return [_stand_in(each) for each in value]
    return _MAKERS[type(value)](next(_numbers)) if type(value) in _MAKERS else value


class Prepared:
    """A query whose SQL is kept. Called like the function that makes it, it returns its rows as a list.

    build: returns a query. Of its positional arguments, numbers, texts, days, moments and UUIDs, and those in
    lists, are parameters as they are, or with ``startswith``. On all other arguments, and on the length of
    lists, the SQL may depend. For the time it asks ``moment()``. TypeError: a value is made into something
    else, or stands nowhere in the query. EmptyResultSet: the query has no rows, whatever is asked.
    """

    def __init__(self, build: Callable[..., QuerySet]) -> None:
        self._build = build
        self._statements: dict[Hashable, Statement] = {}
        update_wrapper(self, build)

    def __call__(self, *values: Any, **others: Hashable) -> list[Any]:
        """Return the rows of the query."""
        key = (*map(_shape, values), *others.items())
        statement = self._statements.get(key)
        if statement is None:
            if len(self._statements) >= MOST:
                self._statements.clear()
            statement = self._statements[key] = self._prepare(values, others)
        return statement.rows([timezone.now(), *_flat(values)])

    def _prepare(self, values: Sequence[Any], others: dict[str, Hashable]) -> Statement:
        stand_ins, now = [_stand_in(value) for value in values], _stand_in(timezone.now())
        token = _moment.set(now)
        try:
            return Statement(self._build(*stand_ins, **others), [now, *_flat(stand_ins)])
        finally:
            _moment.reset(token)
