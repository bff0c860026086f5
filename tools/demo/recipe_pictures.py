# SPDX-License-Identifier: Apache-2.0
"""Draw the sample pictures of docs/recipes: product pictures of a small shop, and an album.

All figures are Firefox OS emoji (fxemoji, Apache-2.0), a style that train.py holds out, on backgrounds drawn here. The files are
small (palette PNG and JPEG). Only npm, Pillow and resvg_py are needed.
"""
import argparse, os

import prepare
from common import default_dir
from make_pictures import gradient, put, svg

# file name -> figure of fxemoji
SHOP = {"1001.png": "redapple", "1002.png": "watermelon", "1003.png": "strawberry", "1004.png": "rose", "1005.png": "guitar",
        "1006.png": "mushroom", "1007.png": "cherries", "1008.png": "doughnut", "1009.png": "tophat", "1010.png": "sunflower",
        "1011.png": "alarmclock", "1012.png": "jeans", "1013.png": "heels", "1014.png": "lightbulb", "1015.png": "birthdaycake",
        "1016.png": "balloon", "1017.png": "violin", "1018.png": "hammer", "1019.png": "television", "1020.png": "grapes"}
ALBUM = {"img_0101.jpg": "elephant", "img_0102.jpg": "penguin", "img_0103.jpg": "octopus", "img_0104.jpg": "sailboat",
         "img_0105.jpg": "rainbow", "img_0106.jpg": "snowmanwithoutsnow", "img_0107.jpg": "rocket", "img_0108.jpg": "cactus",
         "img_0109.jpg": "hamburger", "img_0110.jpg": "tulip", "img_0111.jpg": "tent", "img_0112.jpg": "ferriswheel"}
SKIES = [((165, 210, 240), (230, 242, 248)), ((250, 226, 190), (246, 200, 170)), ((214, 226, 214), (238, 240, 232))]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where the drawings are fetched to (default: %(default)s)")
    p.add_argument("--out", default="docs/recipes")
    a = p.parse_args()
    prepare.STYLES = {"fxemoji": prepare.STYLES["fxemoji"]}
    os.makedirs(a.data, exist_ok=True)
    prepare.fetch(a.data)
    for folder, table in ("shop", SHOP), ("album", ALBUM):
        os.makedirs(os.path.join(a.out, folder), exist_ok=True)
        for k, (name, figure) in enumerate(table.items()):
            top, bottom = ((252, 252, 252), (236, 238, 240)) if folder == "shop" else SKIES[k % 3]
            scene = gradient(256, 256, top, bottom, seed=k)
            put(scene, svg(a.data, figure, 190), 128, 128)
            out = os.path.join(a.out, folder, name)
            if name.endswith(".png"):
                scene.quantize(64).save(out, optimize=True)
            else:
                scene.save(out, quality=80)


if __name__ == "__main__":
    main()
