"""Motifs of the demo pictures: streets, squares and hills."""

import math
import random
from collections.abc import Callable

from content.demo.canvas import Canvas, Point, mix, motif, veil


def _leaning(x: float, y: float, degrees: float) -> Callable[[float, float], Point]:
    turn = math.radians(degrees)
    return lambda right, down: (
        x + right * math.cos(turn) - down * math.sin(turn),
        y + right * math.sin(turn) + down * math.cos(turn),
    )


def _skyline(
    c: Canvas, dice: random.Random, ground: float, colour, light, low: float = 120, high: float = 330
) -> None:
    x = -20.0
    while x < 1200:
        wide, tall = dice.uniform(80, 150), dice.uniform(low, high)
        c.box(x, ground - tall, wide, tall, colour)
        for column in range(int(wide // 34)):
            for row in range(int(tall // 46)):
                if dice.random() < 0.16:
                    c.box(x + 16 + column * 34, ground - tall + 20 + row * 46, 12, 18, light)
        x += wide + dice.choice([0, 0, 14, 26])


@motif
def van(c: Canvas, dice: random.Random) -> None:
    """A clinic on wheels in a street at night."""
    p = c.palette
    c.sky(mix(p.deep, p.night, 0.3), mix(p.mid, p.deep, 0.2), 620)
    c.disc(990, 130, 58, p.paper)
    _skyline(c, dice, 620, mix(p.night, p.deep, 0.25), veil(p.glow, 0.85))
    c.box(0, 600, 1200, 200, p.night)
    c.shape([(800, 590), (1200, 650), (1200, 800), (800, 680)], veil(p.glow, 0.28))
    c.box(370, 440, 330, 240, p.paper, 22)
    c.shape([(640, 440), (722, 440), (780, 560), (806, 588), (806, 680), (640, 680)], p.paper)
    c.shape([(668, 478), (712, 478), (754, 562), (668, 562)], mix(p.deep, p.mid, 0.4))
    c.box(420, 484, 190, 92, p.glow)
    c.box(410, 576, 210, 14, mix(p.glow, p.night, 0.45))
    c.box(370, 622, 436, 12, p.mid)
    for x in (460, 722):
        c.disc(x, 682, 46, p.night)
        c.disc(x, 682, 19, p.paper)
    c.person(302, 706, 205, mix(p.glow, p.mid, 0.35))
    c.person(222, 716, 190, mix(p.soft, p.mid, 0.4))


@motif
def columns(c: Canvas, dice: random.Random) -> None:
    """A colonnade in low sun, and one person going past."""
    p = c.palette
    c.box(0, 0, 1200, 800, p.paper)
    c.box(0, 0, 1200, 100, p.deep)
    c.box(0, 100, 1200, 16, mix(p.mid, p.soft, 0.3))
    c.box(0, 640, 1200, 160, mix(p.soft, p.mid, 0.25))
    for k in range(-1, 6):
        x = 40 + k * 232
        c.shape([(x + 20, 640), (x + 140, 640), (x + 320, 800), (x + 160, 800)], veil(p.mid, 0.55))
        c.box(x + 20, 150, 48, 480, mix(p.mid, p.soft, 0.35))
        c.box(x + 68, 150, 72, 480, p.mid)
        c.box(x, 116, 160, 36, p.deep)
        c.box(x, 622, 160, 28, p.deep)
    c.person(812, 744, 200, p.night)


@motif
def harbour(c: Canvas, dice: random.Random) -> None:
    """A small harbour in the morning, with a lighthouse."""
    p = c.palette
    c.sky(mix(p.soft, p.paper, 0.35), mix(p.paper, p.glow, 0.25), 440)
    c.disc(420, 400, 120, mix(p.glow, p.paper, 0.2))
    c.shape(
        [(0, 430), (160, 360), (360, 400), (560, 330), (800, 410), (1200, 350), (1200, 470), (0, 470)],
        mix(p.soft, p.mid, 0.5),
    )
    c.box(0, 440, 1200, 360, p.mid)
    for row in range(9):
        y = 462 + row * 38
        half = 130 + row * 12
        c.box(420 - half + dice.uniform(-40, 40), y, half * 1.7, 8 + row, veil(p.glow, 0.3), 8)
    c.shape([(860, 800), (900, 500), (1010, 470), (1200, 480), (1200, 800)], p.night)
    c.shape([(992, 490), (1010, 180), (1070, 180), (1088, 490)], p.paper)
    for y in (260, 380):
        c.shape(
            [
                (1006 - (y - 260) * 0.055, y),
                (1074 + (y - 260) * 0.055, y),
                (1078 + (y - 260) * 0.055, y + 56),
                (1002 - (y - 260) * 0.055, y + 56),
            ],
            p.deep,
        )
    c.box(1000, 150, 80, 32, p.night)
    c.box(1016, 112, 48, 40, p.glow)
    c.wedge(1040, 114, 34, 180, 360, p.night)
    for x, y, size in ((180, 610, 1.0), (600, 560, 0.62)):
        c.shape([(x, y - 190 * size), (x + 120 * size, y - 20 * size), (x, y - 20 * size)], p.paper)
        c.shape(
            [(x - 10 * size, y - 150 * size), (x - 10 * size, y - 20 * size), (x - 70 * size, y - 20 * size)],
            p.soft,
        )
        c.shape(
            [
                (x - 110 * size, y),
                (x + 150 * size, y),
                (x + 110 * size, y + 52 * size),
                (x - 76 * size, y + 52 * size),
            ],
            p.night,
        )


@motif
def hills(c: Canvas, dice: random.Random) -> None:
    """A road over hills, with one house that has its light on."""
    p = c.palette
    c.sky(mix(p.paper, p.soft, 0.5), p.paper, 480)
    c.disc(880, 210, 84, p.glow)
    tones = [mix(p.soft, p.paper, 0.25), mix(p.soft, p.mid, 0.4), p.mid, mix(p.mid, p.deep, 0.6), p.deep]
    for row, tone in enumerate(tones):
        shift, base = dice.uniform(0, 6), 330 + row * 84
        wave = [
            (x, base + 52 * math.sin(x / 190 + shift) + 20 * math.sin(x / 71 + shift * 2))
            for x in range(0, 1201, 12)
        ]
        c.shape([*wave, (1200, 800), (0, 800)], tone)
    road = [(600 + 250 * math.sin(s / 9) * (s / 40), 470 + s * 8.4, 5 + s * 1.9) for s in range(41)]
    c.shape(
        [(x - w, y) for x, y, w in road] + [(x + w, y) for x, y, w in reversed(road)],
        mix(p.paper, p.soft, 0.25),
    )
    c.box(236, 520, 120, 92, p.paper)
    c.shape([(216, 524), (296, 456), (376, 524)], p.night)
    c.box(282, 552, 30, 60, p.glow)
    for x, y in ((150, 640), (118, 622), (1010, 620), (1048, 640), (1090, 616)):
        c.box(x - 5, y, 10, 40, p.night)
        c.shape([(x - 36, y + 12), (x, y - 110), (x + 36, y + 12)], mix(p.night, p.deep, 0.4))


@motif
def windows(c: Canvas, dice: random.Random) -> None:
    """The front of a house of flats, some windows lit, somebody at one of them."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.deep, p.mid, 0.35))
    for column in range(6):
        for row in range(4):
            x, y = 62 + column * 186, 52 + row * 192
            lit = dice.random() < 0.34 or (column, row) == (3, 1)
            pane = (
                mix(p.glow, p.paper, dice.choice([0.1, 0.35]))
                if lit
                else mix(p.night, p.deep, dice.uniform(0.1, 0.5))
            )
            c.box(x - 10, y - 10, 146, 146, mix(p.deep, p.night, 0.25))
            c.box(x, y, 126, 126, pane)
            if (column, row) == (3, 1):
                c.person(x + 78, y + 126, 112, p.night)
            elif lit and dice.random() < 0.6:
                c.shape([(x, y), (x + 44, y), (x + 14, y + 126), (x, y + 126)], veil(p.paper, 0.55))
            c.box(x + 60, y, 6, 126, mix(p.deep, p.night, 0.25))
            c.box(x - 18, y + 136, 162, 14, mix(p.soft, p.mid, 0.35))
            if dice.random() < 0.22:
                for leaf in range(5):
                    c.disc(x + 24 + leaf * 20, y + 124 - (leaf % 2) * 10, 15, mix(p.soft, p.mid, 0.2))


@motif
def umbrellas(c: Canvas, dice: random.Random) -> None:
    """A square in the rain, seen from above: umbrellas, one of them bright."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.deep, p.mid, 0.35))
    for k in range(-8, 14):
        c.line([(k * 110, 0), (k * 110 + 420, 800)], veil(p.night, 0.16), 5)
        c.line([(0, k * 84 + 20), (1200, k * 84 - 150)], veil(p.night, 0.16), 5)
    spots = [
        (180, 170),
        (430, 110),
        (690, 220),
        (1010, 140),
        (120, 460),
        (380, 400),
        (640, 500),
        (910, 410),
        (1110, 600),
        (260, 690),
        (540, 720),
        (830, 680),
    ]
    bright = dice.choice(range(5, 8))
    for k, (x, y) in enumerate(spots):
        radius, turn = dice.uniform(84, 112), dice.uniform(0, 45)
        one, other = (p.glow, mix(p.glow, p.paper, 0.35)) if k == bright else dice.choice(
            [
                (p.paper, p.soft),
                (p.soft, mix(p.soft, p.mid, 0.4)),
                (p.night, mix(p.night, p.deep, 0.6)),
                (p.mid, mix(p.mid, p.soft, 0.3)),
            ]
        )  # fmt: skip
        c.disc(x + 26, y + 34, radius, veil(p.night, 0.35))
        for slice_ in range(8):
            c.wedge(x, y, radius, turn + slice_ * 45, turn + slice_ * 45 + 45.5, one if slice_ % 2 else other)
        c.disc(x, y, 8, p.night)


@motif
def bridge(c: Canvas, dice: random.Random) -> None:
    """A bridge of arches over a river at dusk, people crossing."""
    p = c.palette
    c.sky(p.mid, mix(p.paper, p.glow, 0.35), 430)
    c.shape(
        [(0, 380), (210, 300), (430, 360), (700, 290), (930, 350), (1200, 280), (1200, 470), (0, 470)],
        mix(p.mid, p.soft, 0.3),
    )
    c.box(0, 460, 1200, 340, p.deep)
    for k in range(14):
        c.box(dice.uniform(-60, 1100), 500 + k * 21, dice.uniform(90, 260), 6, veil(p.soft, 0.28), 4)
    c.shape([(0, 330), (600, 270), (1200, 330), (1200, 620), (0, 620)], p.night)
    for x, wide, top in ((150, 130, 400), (450, 150, 372), (760, 150, 372), (1060, 130, 400)):
        c.wedge(x, top + wide, wide, 180, 360, mix(p.deep, p.soft, 0.34))
        c.box(x - wide, top + wide - 2, wide * 2, 700 - top - wide, mix(p.deep, p.soft, 0.2))
        c.box(x - wide, 590, wide * 2, 210, p.deep)
        c.box(x - wide * 0.7, 612, wide * 1.4, 7, veil(p.glow, 0.4), 4)
    for x, y, tall in ((300, 302, 96), (352, 297, 88), (640, 276, 94), (905, 302, 92)):
        c.person(x, y + 6, tall, p.night, mix(p.glow, p.night, 0.2))
    for x in (90, 480, 760, 1100):
        lamp = 270 + abs(x - 600) * 0.1 - 126
        c.box(x, lamp + 6, 8, 130, p.night)
        c.disc(x + 4, lamp, 38, veil(p.glow, 0.3))
        c.disc(x + 4, lamp, 16, p.glow)


@motif
def placards(c: Canvas, dice: random.Random) -> None:
    """Raised signs without words, in front of an evening sky."""
    p = c.palette
    c.sky(mix(p.glow, p.paper, 0.4), mix(p.soft, p.mid, 0.2))
    c.disc(600, 520, 300, veil(p.paper, 0.5))
    signs = [(150, 210, -7), (370, 130, 4), (610, 240, -3), (830, 120, 6), (1050, 220, -5)]
    for k, (x, y, lean) in enumerate(signs):
        tone = (p.paper, p.deep, p.glow, p.mid, p.paper)[k]
        corner = _leaning(x, y, lean)
        c.line([corner(0, 60), corner(0, 480)], p.night, 14)
        c.shape([corner(-104, -74), corner(104, -74), corner(104, 74), corner(-104, 74)], tone)
        mark = p.mid if tone == p.paper else p.paper
        for row, wide in enumerate((150, 110, 60)):
            c.line([corner(-75, -34 + row * 34), corner(-75 + wide, -34 + row * 34)], mark, 12)
    for row in range(2):
        for k in range(9):
            at = 20 + k * 146 + row * 70 + dice.uniform(-14, 14)
            tone = mix(p.deep, p.night, 0.2 + row * 0.5)
            head = 590 + row * 84 + dice.uniform(-18, 18)
            c.box(at - 62, head + 34, 124, 300, tone, 56)
            c.disc(at, head, 42, mix(tone, p.mid, 0.25))


@motif
def bench(c: Canvas, dice: random.Random) -> None:
    """Two people on a bench under a tree."""
    p = c.palette
    c.sky(mix(p.soft, p.paper, 0.5), p.paper, 560)
    c.disc(250, 240, 90, mix(p.glow, p.paper, 0.1))
    c.shape(
        [(0, 520), (300, 470), (640, 510), (960, 460), (1200, 500), (1200, 800), (0, 800)],
        mix(p.mid, p.soft, 0.35),
    )
    c.shape([(0, 610), (500, 580), (1200, 630), (1200, 800), (0, 800)], p.mid)
    c.shape([(860, 660), (880, 300), (920, 300), (950, 660)], p.night)
    for x, y, radius in (
        (900, 200, 170),
        (780, 260, 118),
        (1020, 262, 124),
        (860, 120, 110),
        (980, 140, 104),
    ):
        c.disc(x, y, radius, mix(p.deep, p.mid, 0.25 if x < 900 else 0.0))
    for _ in range(26):
        turn, far = dice.uniform(0, math.tau), dice.uniform(0, 150)
        c.disc(
            900 + far * math.cos(turn),
            200 + far * math.sin(turn),
            dice.uniform(8, 17),
            mix(p.mid, p.glow, dice.uniform(0, 0.5)),
        )
    for x, coat, head in (
        (480, p.deep, mix(p.glow, p.night, 0.3)),
        (640, p.glow, mix(p.glow, p.night, 0.62)),
    ):
        c.disc(x, 414, 36, head)
        c.box(x - 46, 456, 92, 180, coat, 40)
        c.box(x - 46, 610, 40, 112, mix(coat, p.night, 0.35), 8)
        c.box(x + 8, 610, 40, 112, mix(coat, p.night, 0.35), 8)
    for y in (540, 584):
        c.box(350, y, 420, 22, p.paper, 6)
    c.box(340, 630, 440, 24, p.paper, 6)
    for x in (366, 730):
        c.box(x, 540, 16, 186, p.night, 4)
