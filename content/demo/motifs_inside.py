"""Motifs of the demo pictures: rooms and what is in them."""

import math
import random

from content.demo.canvas import Canvas, mix, motif, veil


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
def books(c: Canvas, dice: random.Random) -> None:
    """Two shelves of books and files, a plant among them."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.soft, p.paper, 0.35))
    tones = [p.night, p.deep, p.mid, mix(p.mid, p.soft, 0.5), p.paper, p.glow, mix(p.glow, p.mid, 0.5)]
    for floor in (370, 720):
        x = 40.0
        while x < 1130:
            wide, tall = dice.uniform(34, 78), dice.uniform(190, 268)
            if floor == 720 and 640 < x < 860:
                x += wide
                continue
            tone = dice.choice(tones)
            c.box(x, floor - tall, wide - 5, tall, tone, 4)
            band = mix(tone, p.paper if tone in (p.night, p.deep, p.mid) else p.night, 0.35)
            c.box(x, floor - tall + 34, wide - 5, 10, band)
            c.box(x, floor - 52, wide - 5, 22 if wide > 52 else 8, band)
            x += wide
        c.box(0, floor, 1200, 26, mix(p.deep, p.night, 0.3))
        c.box(0, floor + 26, 1200, 18, veil(p.night, 0.16))
    for turn in range(-4, 5):
        tip = math.radians(270 + turn * 19)
        x, y = 756 + 150 * math.cos(tip), 610 + 150 * math.sin(tip)
        side = (26 * math.sin(tip), -26 * math.cos(tip))
        half = ((756 + x) / 2, (610 + y) / 2)
        edges = [(half[0] + way * side[0], half[1] + way * side[1]) for way in (1, -1)]
        c.shape([(756, 612), edges[0], (x, y), edges[1]], mix(p.deep, p.mid, (turn % 3) / 2))
    c.shape([(696, 600), (816, 600), (798, 720), (714, 720)], p.paper)
    c.box(688, 590, 136, 28, mix(p.paper, p.soft, 0.4), 4)


@motif
def desk(c: Canvas, dice: random.Random) -> None:
    """A lamp over a desk with files, late in the evening."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.deep, p.night, 0.35))
    c.shape([(420, 250), (640, 250), (980, 620), (120, 620)], veil(p.glow, 0.34))
    c.box(0, 610, 1200, 190, mix(p.mid, p.deep, 0.35))
    c.disc(550, 622, 420, veil(p.glow, 0.3), 0.11)
    c.line([(880, 610), (930, 330), (640, 170)], p.paper, 16)
    c.disc(930, 330, 20, p.glow)
    c.box(790, 596, 180, 24, p.paper, 10)
    c.shape([(600, 110), (680, 190), (640, 262), (420, 262), (470, 160)], p.paper)
    c.box(420, 250, 222, 16, p.glow, 8)
    for k, (x, wide, tone) in enumerate(
        ((180, 250, p.soft), (196, 230, p.paper), (172, 260, p.mid), (200, 236, p.glow), (186, 244, p.paper))
    ):
        c.box(x, 580 - k * 32, wide, 30, tone, 3)
        c.box(x + wide - 60, 588 - k * 32, 40, 12, mix(tone, p.night, 0.45))
    c.shape([(470, 640), (700, 640), (760, 730), (430, 730)], p.paper)
    for row in range(3):
        c.line(
            [(490 - row * 8, 662 + row * 20), (690 + row * 12 - row * 40, 662 + row * 20)],
            veil(p.mid, 0.8),
            6,
        )
    c.line([(720, 650), (800, 700)], p.glow, 10)
    c.box(1030, 540, 84, 76, mix(p.mid, p.soft, 0.4), 10)
    c.arc(1116, 574, 28, 270, 90, mix(p.mid, p.soft, 0.4), 12)


@motif
def bottles(c: Canvas, dice: random.Random) -> None:
    """Shelves of a pharmacy."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.paper, p.soft, 0.3))
    for floor in (260, 520, 770):
        x = 50.0
        while x < 1100:
            wide, tall = dice.uniform(54, 92), dice.uniform(96, 176)
            tone = dice.choice(
                [
                    p.deep,
                    p.mid,
                    mix(p.mid, p.soft, 0.45),
                    p.glow,
                    mix(p.glow, p.deep, 0.35),
                    mix(p.deep, p.night, 0.5),
                ]
            )
            if dice.random() < 0.72:
                c.box(x + wide * 0.28, floor - tall - 30, wide * 0.44, 44, mix(tone, p.night, 0.3), 4)
                c.box(x, floor - tall, wide, tall, tone, wide * 0.24)
                c.box(x + 8, floor - tall * 0.66, wide - 16, tall * 0.36, p.paper, 3)
                c.box(x + 16, floor - tall * 0.54, wide - 34, 6, veil(p.night, 0.5))
                c.box(x + wide * 0.14, floor - tall + 18, 6, tall * 0.14, veil(p.paper, 0.5), 3)
            else:
                for row in range(3):
                    c.box(x, floor - 32 - row * 34, wide + 24, 31, mix(tone, p.paper, row * 0.16), 3)
                    c.box(x + 12, floor - 22 - row * 34, 22, 12, p.paper)
                x += 24
            x += wide + dice.uniform(16, 34)
        c.box(0, floor, 1200, 22, p.night)
        c.box(0, floor + 22, 1200, 14, veil(p.night, 0.13))


@motif
def door(c: Canvas, dice: random.Random) -> None:
    """A door that stands open, light on the step."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.mid, p.deep, 0.25))
    for row in range(9):
        for column in range(-1, 9):
            c.box(
                column * 150 + (row % 2) * 75 + 4,
                row * 74 + 4,
                142,
                66,
                veil(p.night, 0.07 + 0.07 * dice.random()),
                4,
            )
    c.box(0, 660, 1200, 140, p.night)
    c.shape([(466, 660), (734, 660), (960, 800), (330, 800)], veil(p.glow, 0.55))
    c.box(436, 120, 328, 540, p.night)
    c.box(466, 150, 268, 510, mix(p.glow, p.paper, 0.3))
    c.person(620, 660, 260, mix(p.deep, p.night, 0.4), mix(p.glow, p.deep, 0.55))
    c.shape([(466, 150), (346, 196), (346, 706), (466, 660)], p.deep)
    c.shape([(448, 196), (364, 226), (364, 420), (448, 400)], mix(p.deep, p.mid, 0.5))
    c.shape([(448, 440), (364, 462), (364, 660), (448, 632)], mix(p.deep, p.mid, 0.5))
    c.disc(360, 446, 11, p.glow)
    c.box(800, 250, 120, 84, p.paper, 6)
    for row in range(3):
        c.box(818, 270 + row * 18, 84 - row * 18, 6, p.mid)
    c.box(870, 560, 150, 100, mix(p.soft, p.mid, 0.5), 8)
    for k in range(6):
        c.disc(886 + k * 24, 556 - (k % 2) * 22, 30, mix(p.soft, p.deep, 0.2 + 0.12 * (k % 3)))


@motif
def stage(c: Canvas, dice: random.Random) -> None:
    """A speaker and an audience."""
    p = c.palette
    c.sky(p.deep, mix(p.deep, p.mid, 0.6))
    for x, lean in ((330, -110), (870, 110)):
        c.shape(
            [(x - 24, 0), (x + 24, 0), (600 + lean + 190, 560), (600 + lean - 190, 560)], veil(p.glow, 0.16)
        )
    c.box(120, 500, 960, 60, p.night)
    c.box(0, 550, 1200, 250, mix(p.night, p.deep, 0.3))
    c.person(560, 506, 240, p.paper, mix(p.glow, p.deep, 0.2))
    c.shape([(636, 372), (790, 372), (770, 506), (656, 506)], p.mid)
    c.line([(690, 372), (652, 312)], p.soft, 8)
    c.disc(646, 304, 16, p.glow)
    c.box(820, 150, 250, 170, p.paper, 6)
    for k, tall in enumerate((50, 86, 70, 112)):
        c.box(852 + k * 50, 300 - tall, 34, tall, (p.mid, p.glow, p.soft, p.deep)[k], 8)
    for row in range(3):
        for k in range(11):
            at = 30 + k * 118 + (row % 2) * 58 + dice.uniform(-12, 12)
            y = 640 + row * 74
            tone = mix(dice.choice([p.mid, p.soft, p.deep, p.glow]), p.night, 0.5 - row * 0.1)
            c.box(at - 44, y + 22, 88, 160, tone, 40)
            c.disc(at, y, 30, mix(tone, p.night, 0.45))


@motif
def plant(c: Canvas, dice: random.Random) -> None:
    """A plant on a window sill, rain outside."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.mid, p.deep, 0.2))
    c.box(150, 50, 900, 560, p.night)
    for x in (180, 612):
        c.box(x, 80, 408, 500, mix(p.soft, p.paper, 0.3))
        for _ in range(26):
            a, b = dice.uniform(x + 10, x + 390), dice.uniform(90, 520)
            c.line([(a, b), (a - 9, b + 42)], veil(p.paper, 0.7), 4)
        c.shape(
            [(x, 580), (x, 470), (x + 120, 430), (x + 260, 480), (x + 408, 440), (x + 408, 580)],
            mix(p.soft, p.mid, 0.4),
        )
    c.box(90, 610, 1020, 44, p.paper, 8)
    c.box(90, 654, 1020, 14, veil(p.night, 0.3))
    for k, (tip, high) in enumerate(((-170, 250), (-96, 330), (-20, 390), (70, 340), (150, 262))):
        c.line([(420, 480), (420 + tip * 0.6, 480 - high * 0.55), (420 + tip, 480 - high)], p.deep, 9)
        for step in (0.45, 0.7, 1.0):
            leaf, y = 420 + tip * step, 480 - high * step
            for side in (-1, 1):
                c.shape(
                    [
                        (leaf, y),
                        (leaf + side * 36, y - 34),
                        (leaf + side * 78, y - 26),
                        (leaf + side * 44, y + 4),
                    ],
                    (p.deep, mix(p.deep, p.mid, 0.5))[k % 2],
                )
    c.shape([(330, 470), (510, 470), (484, 612), (356, 612)], p.glow)
    c.box(318, 452, 204, 36, mix(p.glow, p.night, 0.18), 6)
    c.box(780, 540, 100, 72, p.paper, 12)
    c.arc(880, 574, 28, 270, 90, p.paper, 12)
    c.box(720, 596, 220, 16, mix(p.paper, p.soft, 0.4), 8)


@motif
def bedside(c: Canvas, dice: random.Random) -> None:
    """A bed under a window with the evening in it, a chair beside."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.soft, p.paper, 0.4))
    c.box(0, 610, 1200, 190, mix(p.mid, p.soft, 0.25))
    c.box(500, 60, 420, 300, p.deep)
    c.box(520, 80, 380, 260, mix(p.glow, p.paper, 0.35))
    c.disc(780, 232, 60, p.glow)
    c.shape([(520, 340), (520, 280), (640, 236), (770, 290), (900, 250), (900, 340)], p.mid)
    c.box(702, 80, 14, 260, p.deep)
    c.shape([(450, 40), (560, 40), (520, 380), (460, 380)], mix(p.paper, p.soft, 0.3))
    c.shape([(970, 40), (860, 40), (900, 380), (960, 380)], mix(p.paper, p.soft, 0.3))
    c.box(250, 430, 26, 290, p.night, 6)
    c.box(1000, 520, 26, 200, p.night, 6)
    c.box(262, 590, 750, 70, p.night, 8)
    c.box(276, 500, 190, 84, p.paper, 36)
    c.box(276, 556, 730, 70, p.paper, 16)
    c.shape([(470, 540), (990, 540), (1006, 570), (1006, 660), (440, 660), (440, 580)], p.mid)
    c.shape([(470, 540), (560, 540), (536, 660), (440, 660), (440, 580)], p.glow)
    c.box(90, 420, 20, 310, p.deep, 6)
    c.box(90, 580, 140, 22, p.deep, 6)
    c.box(206, 596, 20, 134, p.deep, 6)
    c.shape([(104, 440), (150, 430), (160, 580), (104, 580)], mix(p.glow, p.mid, 0.4))
