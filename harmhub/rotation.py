"""Sealing anew: every sealed column of every model, under the newest of the keys."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from harmhub.sealing import SealedTextField

BATCH = 500


@dataclass(frozen=True)
class Column:
    """A sealed column: where it lies, and its name for people."""

    table: str
    key: str
    name: str
    label: str

    def count(self) -> int:
        """Return how many tokens it holds."""
        with connection.cursor() as cursor:
            cursor.execute(self._filled("SELECT count(*) FROM {table} WHERE {name} IS NOT NULL"))
            return cursor.fetchone()[0]

    def batches(self) -> Iterator[list[tuple[Any, bytes]]]:
        """Yield key and token of all rows, by the order of their keys, some at a time."""
        first = self._filled("SELECT {key}, {name} FROM {table} WHERE {name} IS NOT NULL")
        further = sql.SQL("{} AND {} > %s").format(first, sql.Identifier(self.key))
        end = sql.SQL("{} ORDER BY {} LIMIT {}")
        last: list[Any] = []
        while True:
            query = end.format(further if last else first, sql.Identifier(self.key), sql.Literal(BATCH))
            with connection.cursor() as cursor:
                cursor.execute(query, last)
                rows = [(key, bytes(token)) for key, token in cursor.fetchall()]
            if not rows:
                return
            yield rows
            last = [rows[-1][0]]

    def replace(self, rows: list[tuple[bytes, Any, bytes]]) -> int:
        """Write new tokens (token, key of its row, token before) where no other was written meanwhile; return
        how many."""
        if not rows:
            return 0
        query = self._filled("UPDATE {table} SET {name} = %s WHERE {key} = %s AND {name} = %s")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(query, rows)
            return cursor.rowcount

    def _filled(self, text: str) -> sql.Composed:
        names = {name: sql.Identifier(getattr(self, name)) for name in ("table", "key", "name")}
        return sql.SQL(text).format(**names)


@dataclass
class Result:
    """What became of a column's tokens. missed: somebody wrote the row meanwhile."""

    sealed: int = 0
    missed: int = 0
    unreadable: int = 0


def sealed_columns() -> list[Column]:
    """Return the sealed columns of all models that have a table of their own."""
    found = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    return [
        Column(
            model._meta.db_table,
            str(model._meta.pk.column),
            str(field.column),
            f"{model._meta.label} {field.name}",
        )
        for model in found
        for field in model._meta.local_concrete_fields
        if isinstance(field, SealedTextField)
    ]


def rotate(column: Column, rows: list[tuple[Any, bytes]], keys: list[str] | None = None) -> Result:
    """Seal the tokens of some rows anew that are not under the newest key. What does not open is left alone,
    and opens again when its key is back."""
    keys = keys or settings.SEALING_KEYS
    newest, every, result = Fernet(keys[0]), MultiFernet([Fernet(key) for key in keys]), Result()
    changed = []
    for key, token in rows:
        with suppress(InvalidToken):
            newest.decrypt(token)
            continue
        try:
            changed.append((every.rotate(token), key, token))
        except InvalidToken:
            result.unreadable += 1
    result.sealed = column.replace(changed)
    result.missed = len(changed) - result.sealed
    return result
