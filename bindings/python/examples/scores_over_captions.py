# SPDX-License-Identifier: Apache-2.0
"""A notebook in cells: how well captions fit pictures, as a plot.

    python scores_over_captions.py FOLDER SCORES.png

FOLDER has pictures, and texts.txt with a caption on each line. Wants matplotlib.
"""

# %% Which pictures, which captions
from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import tuwen

if len(sys.argv) != 3:
    raise SystemExit(__doc__)
folder, output = (Path(argument) for argument in sys.argv[1:])
pictures = sorted(path for path in folder.iterdir() if path.suffix in (".gif", ".jpg", ".png", ".tiff", ".webp"))
captions = [line for line in folder.joinpath("texts.txt").read_text().splitlines() if line.isascii()]

# %% Every picture against every caption
with tuwen.Matcher(profile=False) as matcher:  # bands by the cosine, which is what is drawn
    found = matcher.match(pictures, captions)

# %% The scores of all, and the cosines of one picture with where the model's bands begin
figure, (grid, bars) = plt.subplots(1, 2, figsize=(13, 5.2), layout="constrained", width_ratios=(1.3, 1))

shown = grid.imshow(found.score, cmap="Blues", vmin=0, vmax=1)
grid.set_xticks(range(len(captions)), captions, rotation=35, ha="right")
grid.set_yticks(range(len(pictures)), [path.name for path in pictures])
for row, scores in enumerate(found.score):
    for column, score in enumerate(scores):
        grid.text(column, row, f"{score:.2f}", ha="center", va="center", color="white" if score > 0.6 else "black")
grid.set_title("score of each picture with each caption")
figure.colorbar(shown, ax=grid, shrink=0.8)

chosen = next(row for row, path in enumerate(pictures) if path.stem == "girl-on-bench")
order = found.cosine[chosen].argsort()
colours = {"mismatch": "0.75", "fair": "tab:olive", "high": "tab:blue", "very high": "tab:green"}
bands = [str(found.bands[chosen, column]) for column in order]
bars.barh([captions[column] for column in order], found.cosine[chosen, order], color=[colours[band] for band in bands])
for name, least in zip(colours, matcher.model.info.band_from):
    if least > -1:
        bars.axvline(least, color=colours[name], linestyle=":", label=f"{name} from {least:.2f}")
bars.axvline(0, color="black", linewidth=0.8)
bars.legend(loc="lower right")
bars.set_title(f"{pictures[chosen].name}: cosine with each caption")

figure.savefig(output, dpi=100)
