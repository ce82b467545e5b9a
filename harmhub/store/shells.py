"""What stands around the pieces of a page that change by themselves, kept like a part: where only such pieces
have changed, they alone are made anew, and nothing is asked or rendered of the rest.

A piece is a card: it shows its item, and the page around it shows which items come in which order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from harmhub.store.parts import Part, rendering
from harmhub.store.shown import address_tag, include, noting_apart, offer, shown_around


@dataclass(frozen=True)
class Shell:
    """What stands around pieces: one text more than there are of them. pieces: how to make them, and the keys
    to make them by."""

    texts: list[bytes]
    pieces: list[tuple[Callable[..., list[str]], Sequence[Hashable]]]

    def __len__(self) -> int:
        return sum(map(len, self.texts))


def pieces[Key: Hashable](
    make: Callable[[Sequence[Key], HttpRequest], list[str]], keys: Sequence[Key], request: HttpRequest
) -> list[str]:
    """Return ``make(keys, request)``: texts that stand on the page as they are, each a piece of it.

    make: it depends on nothing else, but for the language, and keeps for itself what has not changed.
    """
    with noting_apart() as is_apart:
        texts = make(keys, request)
    if is_apart and (current := rendering()):
        current.pieces.append((make, keys, texts))
    return texts


def again(request: HttpRequest) -> HttpResponse | None:
    """Return a page that was made before, its pieces as they are now; None where all of it is to be made."""
    current = rendering()
    part = current.parts.get(_key(request)) if current else None
    if part is None:
        return None
    shell: Shell = part.value
    include(part.shown)
    texts = [text.encode() for make, keys in shell.pieces for text in pieces(make, keys, request)]
    offer()
    return HttpResponse(b"".join(chain.from_iterable(zip_longest(shell.texts, texts, fillvalue=b""))))


def keep(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """Return an answer with a page in it. What stands around its pieces is kept once it is rendered."""
    if rendering() and hasattr(response, "add_post_render_callback"):
        response.add_post_render_callback(partial(_keep, request))
    return response


def _keep(request: HttpRequest, response: HttpResponse) -> None:
    current, around = rendering(), shown_around()
    if not (current and current.pieces and around and around.is_page and around.is_whole):
        return
    texts, at, body = [], 0, response.content
    for piece in (text.encode() for _, _, made in current.pieces for text in made):
        found = body.find(piece, at)
        if not piece or found < 0:
            return
        texts.append(body[at:found])
        at = found + len(piece)
    shell = Shell([*texts, body[at:]], [(make, keys) for make, keys, _ in current.pieces])
    around.tags.add(address_tag(request.path))  # it goes where the page is dropped by its address
    current.made.append((_key(request), Part(shell, around)))


def _key(request: HttpRequest) -> Hashable:
    # Not the query: no page depends on one, and links are often shared with more behind them than an address.
    return (get_language(), "shell", request.path)
