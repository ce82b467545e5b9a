"""The pictures of the demo site, drawn: a motif in a palette, and abstract portraits.

``draw("van", "pine")`` returns the picture of a motif, ``portrait("IM", "dusk")`` one of a person. Both are
deterministic.
"""

import random
from io import BytesIO

from PIL import Image

from content.demo import motifs_inside, motifs_outside, motifs_still  # noqa: F401 they register their motifs
from content.demo.canvas import MOTIFS, PALETTES, Canvas, mix


def draw(name: str, palette: str, seed: int = 1) -> Image.Image:
    """Return a picture of 1280 by 853 pixels. KeyError: there is no such motif or palette."""
    canvas = Canvas(PALETTES[palette])
    MOTIFS[name](canvas, random.Random(f"{name} {seed}"))  # noqa: S311 a drawing, no secret
    return canvas.finish()


def portrait(initials: str, palette: str) -> Image.Image:
    """Return an abstract portrait of 800 by 800 pixels: a figure of planes and the initials, no face."""
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


def jpeg(told: str) -> bytes:
    """Return a picture as a JPEG file: ``van pine`` is a motif in a palette, ``@IM dusk`` a portrait."""
    name, palette = told.split()
    picture = portrait(name[1:], palette) if name.startswith("@") else draw(name, palette)
    drawn = BytesIO()
    picture.save(drawn, "JPEG", quality=92, subsampling=0)
    return drawn.getvalue()
