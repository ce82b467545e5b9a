"""The pictures of the demo site, drawn: a motif in a palette, and abstract portraits.

``draw("van", "pine")`` gives the picture of a motif; ``portrait("IM", "dusk")`` one of a person. Both are deterministic.
"""

import math
import random

from PIL import Image

from content.demo import motifs  # noqa: F401 registers more motifs
from content.demo.canvas import MOTIFS, PALETTES, Canvas, mix, motif, veil

def draw(name: str, palette: str, seed: int = 1) -> Image.Image:
    """Return a picture of 1600 × 1067 pixels. KeyError: there is no such motif or palette."""
    canvas = Canvas(PALETTES[palette])
    MOTIFS[name](canvas, random.Random(f"{name} {seed}"))  # noqa: S311 a drawing, no secret
    return canvas.finish()


def _skyline(c: Canvas, dice: random.Random, ground: float, colour, light, low: float = 120, high: float = 330) -> None:
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
def table(c: Canvas, dice: random.Random) -> None:
    """Cups on a table, seen from above."""
    p = c.palette
    c.box(0, 0, 1200, 800, p.deep)
    c.shape([(0, 190), (1200, 20), (1200, 610), (0, 790)], p.mid)
    c.shape([(420, 800), (468, 560), (720, 616), (674, 800)], veil(p.night, 0.25))
    c.shape([(400, 790), (446, 552), (698, 606), (652, 800)], p.paper)
    for row, wide in enumerate((180, 140, 190, 120)):
        y = 600 + row * 42
        c.line([(466 - row * 9, y), (466 - row * 9 + wide, y + wide * 0.215)], p.mid, 7)
    for x, y, radius, warm in ((330, 300, 150, False), (800, 400, 190, True), (1030, 170, 112, False), (150, 640, 106, True)):
        c.disc(x + radius * 0.16, y + radius * 0.2, radius, veil(p.night, 0.4))
        c.disc(x, y, radius, p.paper)
        c.disc(x, y, radius * 0.7, mix(p.soft, p.mid, 0.15))
        c.disc(x, y, radius * 0.58, mix(p.glow, p.deep, 0.15) if warm else p.night)
        c.arc(x, y, radius * 0.44, 190, 275, veil(p.paper, 0.6), radius * 0.05)


@motif
def contours(c: Canvas, dice: random.Random) -> None:
    """A map of contour lines with places on it, joined by a route."""
    p = c.palette
    lobes = [(dice.uniform(0.04, 0.16) / k**0.4, dice.uniform(0, math.tau), k) for k in range(2, 6)]
    shades = 8
    for ring in range(shades):
        radius = 700 - ring * 82
        points = []
        for step in range(240):
            turn = math.tau * step / 240
            wave = 1 + sum(size * math.sin(k * turn + shift + ring * 0.11) for size, shift, k in lobes)
            points.append((590 + radius * wave * math.cos(turn) * 1.12, 395 + radius * wave * math.sin(turn) * 0.78))
        c.shape(points, mix(p.soft, p.night, (ring / (shades - 1)) ** 0.9) if ring else mix(p.paper, p.soft, 0.5))
        c.line([*points, points[0]], veil(p.paper, 0.13), 2)
    stops = [(310, 260), (410, 520), (585, 372), (760, 310), (900, 530), (668, 640)]
    for one, other in zip(stops, stops[1:], strict=False):
        c.dots(one, other, p.glow, 5, 16)
    for x, y in stops:
        c.disc(x, y, 27, veil(p.glow, 0.3))
        c.disc(x, y, 12, p.glow)


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
def room(c: Canvas, dice: random.Random) -> None:
    """Two chairs, a small table, and light from a window."""
    p = c.palette
    c.box(0, 0, 1200, 800, p.mid)
    c.box(0, 590, 1200, 210, p.deep)
    c.shape([(960, 590), (1120, 590), (830, 800), (540, 800)], veil(p.glow, 0.4))
    c.box(720, 70, 330, 360, p.night)
    for x in (738, 892):
        for y in (88, 258):
            c.box(x, y, 140, 156, mix(p.paper, p.glow, 0.25 if y < 200 else 0.45))
    c.box(700, 430, 370, 18, p.night)
    for side, x, colour in ((1, 215, p.paper), (-1, 650, p.glow)):
        c.box(x - (0 if side > 0 else 26), 370, 26, 350, colour, 4)
        c.box(x if side > 0 else x - 165, 560, 165, 26, colour, 4)
        c.box(x + 139 if side > 0 else x - 165, 580, 24, 140, colour, 4)
    c.box(428, 560, 16, 160, p.paper)
    c.box(380, 546, 112, 16, p.paper, 6)
    c.box(412, 504, 46, 42, mix(p.paper, p.glow, 0.5), 6)
    c.box(120, 130, 210, 150, mix(p.mid, p.deep, 0.5))
    c.shape([(120, 280), (200, 190), (250, 240), (282, 214), (330, 280)], mix(p.mid, p.soft, 0.55))


@motif
def harbour(c: Canvas, dice: random.Random) -> None:
    """A small harbour in the morning, with a lighthouse."""
    p = c.palette
    c.sky(mix(p.soft, p.paper, 0.35), mix(p.paper, p.glow, 0.25), 440)
    c.disc(420, 400, 120, mix(p.glow, p.paper, 0.2))
    c.shape([(0, 430), (160, 360), (360, 400), (560, 330), (800, 410), (1200, 350), (1200, 470), (0, 470)], mix(p.soft, p.mid, 0.5))
    c.box(0, 440, 1200, 360, p.mid)
    for row in range(9):
        y = 462 + row * 38
        half = 130 + row * 12
        c.box(420 - half + dice.uniform(-40, 40), y, half * 1.7, 8 + row, veil(p.glow, 0.3), 8)
    c.shape([(860, 800), (900, 500), (1010, 470), (1200, 480), (1200, 800)], p.night)
    c.shape([(992, 490), (1010, 180), (1070, 180), (1088, 490)], p.paper)
    for y in (260, 380):
        c.shape([(1006 - (y - 260) * 0.055, y), (1074 + (y - 260) * 0.055, y), (1078 + (y - 260) * 0.055, y + 56), (1002 - (y - 260) * 0.055, y + 56)], p.deep)
    c.box(1000, 150, 80, 32, p.night)
    c.box(1016, 112, 48, 40, p.glow)
    c.wedge(1040, 114, 34, 180, 360, p.night)
    for x, y, size in ((180, 610, 1.0), (600, 560, 0.62)):
        c.shape([(x, y - 190 * size), (x + 120 * size, y - 20 * size), (x, y - 20 * size)], p.paper)
        c.shape([(x - 10 * size, y - 150 * size), (x - 10 * size, y - 20 * size), (x - 70 * size, y - 20 * size)], p.soft)
        c.shape([(x - 110 * size, y), (x + 150 * size, y), (x + 110 * size, y + 52 * size), (x - 76 * size, y + 52 * size)], p.night)


@motif
def hills(c: Canvas, dice: random.Random) -> None:
    """A road over hills, with one house that has its light on."""
    p = c.palette
    c.sky(mix(p.paper, p.soft, 0.5), p.paper, 480)
    c.disc(880, 210, 84, p.glow)
    tones = [mix(p.soft, p.paper, 0.25), mix(p.soft, p.mid, 0.4), p.mid, mix(p.mid, p.deep, 0.6), p.deep]
    for row, tone in enumerate(tones):
        shift, base = dice.uniform(0, 6), 330 + row * 84
        wave = [(x, base + 52 * math.sin(x / 190 + shift) + 20 * math.sin(x / 71 + shift * 2)) for x in range(0, 1201, 12)]
        c.shape([*wave, (1200, 800), (0, 800)], tone)
    road = [(600 + 250 * math.sin(s / 9) * (s / 40), 470 + s * 8.4, 5 + s * 1.9) for s in range(41)]
    c.shape([(x - w, y) for x, y, w in road] + [(x + w, y) for x, y, w in reversed(road)], mix(p.paper, p.soft, 0.25))
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
            pane = mix(p.glow, p.paper, dice.choice([0.1, 0.35])) if lit else mix(p.night, p.deep, dice.uniform(0.1, 0.5))
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


def portrait(initials: str, palette: str) -> Image.Image:
    """Return an abstract portrait of 800 × 800 pixels: a figure of planes, and the initials, nobody’s face."""
    dice = random.Random(initials)  # noqa: S311 a drawing, no secret
    c = Canvas(PALETTES[palette], 800, 800)
    p = c.palette
    c.box(0, 0, 1200, 1200, mix(p.soft, p.paper, 0.3))
    c.disc(dice.uniform(300, 900), dice.uniform(300, 620), 520, mix(p.soft, p.mid, 0.25))
    c.disc(dice.uniform(820, 1000), dice.uniform(180, 300), 110, p.glow)
    coat, skin, hair = (p.deep, mix(p.glow, p.deep, dice.uniform(0.15, 0.6)), p.night)
    c.box(200, 860, 800, 700, coat, 300)
    c.box(510, 680, 180, 300, mix(skin, p.night, 0.18), 80)
    c.disc(600, 545, 232, hair)
    if dice.random() < 0.5:
        c.box(368, 540, 464, 300, hair, 120)
        c.box(510, 680, 180, 300, mix(skin, p.night, 0.18), 80)
    c.disc(600, 585, 186, skin, 1.14)
    c.wedge(600, 520, 210, 180 + dice.uniform(-20, 10), 360 + dice.uniform(-10, 20), hair)
    c.shape([(600, 1040), (470, 900), (420, 1200), (780, 1200), (730, 900)], mix(p.paper, p.soft, 0.2))
    c.letters(600, 1110, initials, 92, p.deep)
    return c.finish()
