"""A sheet to draw flat pictures on: palettes, shapes, and one size for all of them.

Coordinates run from 0 to 1200 across and from 0 to 800 down, whatever the size of the finished picture.
Everything is drawn at twice that size and reduced, which smooths the edges. The same calls give the same
picture on every machine; the only letters (initials on portraits) come from the font that Pillow carries.
"""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Colour = tuple[int, int, int] | tuple[int, int, int, int]


def rgb(code: str) -> tuple[int, int, int]:
    """Return the colour of a code such as ``#1f5b55``."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> tuple[int, int, int]:
    """Return the first colour with a share (0 to 1) of the other in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one[:3], other[:3], strict=True))
    return red, green, blue


def veil(colour: Colour, share: float) -> Colour:
    """Return the colour as a glaze that covers by a share of 0 to 1."""
    return colour[0], colour[1], colour[2], round(255 * share)


@dataclass(frozen=True)
class Palette:
    """Six colours that go together, from the darkest to paper, and one that glows."""

    night: Colour
    deep: Colour
    mid: Colour
    soft: Colour
    paper: Colour
    glow: Colour

    @classmethod
    def of(cls, codes: str) -> "Palette":
        """Return the palette of six codes, one after the other."""
        return cls(*(rgb(code) for code in codes.split()))


PALETTES = {
    "pine": Palette.of("#0a1d22 #12393d #215b55 #83b3a5 #efe6d2 #f2b250"),
    "plum": Palette.of("#2c0f31 #561d50 #7d3873 #d0a0bb #f2e5dd #e08a52"),
    "ochre": Palette.of("#2b1509 #5c2c0e #9c5823 #dba968 #f4e8d1 #f2c462"),
    "sea": Palette.of("#0f2a43 #1d4467 #3d7096 #9cc0d2 #ebece6 #f6c66b"),
    "brick": Palette.of("#371312 #762b23 #b05239 #e3a585 #f7e9db #f4c470"),
    "moss": Palette.of("#13241a #294930 #54784a #b1c695 #f3eed9 #e9a648"),
    "dusk": Palette.of("#19193a #343468 #685c93 #caaabb #f6e8de #f6a56c"),
}


class Canvas:
    """One picture being drawn."""

    def __init__(self, palette: Palette, width: int = 1280, height: int = 853) -> None:
        """Start an empty sheet of the finished size in pixels, filled with the palette's paper."""
        self.palette = palette
        self.scale = 2 * width / 1200
        self.image = Image.new("RGB", (2 * width, 2 * height), palette.paper)
        self.glaze = ImageDraw.Draw(self.image, "RGBA")
        self.paint = ImageDraw.Draw(self.image)

    def finish(self) -> Image.Image:
        """Return the picture at its finished size."""
        return self.image.reduce(2)

    def _pen(self, colour: Colour) -> ImageDraw.ImageDraw:
        """Return what draws in the colour: to lay it over what is there is slow, and only for a glaze."""
        return self.glaze if len(colour) == 4 else self.paint

    def _all(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def sky(self, top: Colour, bottom: Colour, until: float = 800) -> None:
        """Fill from the upper edge down to a height, one colour turning into the other."""
        column = Image.linear_gradient("L").resize((1, max(1, round(until * self.scale))))
        turning = Image.composite(
            Image.new("RGB", column.size, bottom), Image.new("RGB", column.size, top), column
        )
        wide = turning.resize((self.image.width, column.height), Image.Resampling.NEAREST)
        self.image.paste(wide, (0, 0))

    def box(
        self, x: float, y: float, width: float, height: float, colour: Colour, round_by: float = 0
    ) -> None:
        """Draw a rectangle from its upper left corner, with rounded corners if wanted."""
        corners = self._all([(x, y), (x + width, y + height)])
        self._pen(colour).rounded_rectangle(corners, round_by * self.scale, colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour, flat: float = 1) -> None:
        """Draw a disc round its centre; flattened, an ellipse."""
        self._pen(colour).ellipse(
            self._all([(x - radius, y - radius * flat), (x + radius, y + radius * flat)]), colour
        )

    def wedge(self, x: float, y: float, radius: float, start: float, end: float, colour: Colour) -> None:
        """Draw a slice of a disc; degrees run clockwise from three o'clock."""
        self._pen(colour).pieslice(
            self._all([(x - radius, y - radius), (x + radius, y + radius)]), start, end, colour
        )

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, colour: Colour, width: float
    ) -> None:
        """Draw a part of a ring; degrees run clockwise from three o'clock."""
        corners = self._all([(x - radius, y - radius), (x + radius, y + radius)])
        self._pen(colour).arc(corners, start, end, colour, round(width * self.scale))

    def shape(self, points: Iterable[Point], colour: Colour) -> None:
        """Fill the shape between the points."""
        self._pen(colour).polygon(self._all(points), colour)

    def line(self, points: Iterable[Point], colour: Colour, width: float) -> None:
        """Draw a line through the points, with round ends and corners."""
        places = self._all(points)
        self._pen(colour).line(places, colour, round(width * self.scale), joint="curve")
        if len(colour) == 3:
            for x, y in (places[0], places[-1]):
                half = width * self.scale / 2
                self._pen(colour).ellipse([x - half, y - half, x + half, y + half], colour)

    def dots(self, start: Point, end: Point, colour: Colour, width: float, every: float = 14) -> None:
        """Draw a dotted line between two points."""
        steps = max(1, round(math.dist(start, end) / every))
        for step in range(steps + 1):
            share = step / steps
            self.disc(
                start[0] + (end[0] - start[0]) * share,
                start[1] + (end[1] - start[1]) * share,
                width / 2,
                colour,
            )

    def person(
        self, x: float, foot: float, height: float, colour: Colour, head: Colour | None = None
    ) -> None:
        """Draw a standing figure: a head and a coat, as simple as a game piece."""
        wide = height * 0.34
        self.box(x - wide / 2, foot - height * 0.74, wide, height * 0.74, colour, wide * 0.42)
        self.box(x - wide / 2, foot - height * 0.3, wide, height * 0.3, colour)
        self.disc(x, foot - height * 0.87, height * 0.125, head or colour)

    def letters(self, x: float, y: float, text: str, size: float, colour: Colour) -> None:
        """Write a few letters, centred on a point."""
        font = ImageFont.load_default(size * self.scale)
        self._pen(colour).text((x * self.scale, y * self.scale), text, colour, font, anchor="mm")


Motif = Callable[[Canvas, random.Random], None]
MOTIFS: dict[str, Motif] = {}


def motif(draw_it: Motif) -> Motif:
    """Register a motif under the name of its function."""
    MOTIFS[draw_it.__name__] = draw_it
    return draw_it
