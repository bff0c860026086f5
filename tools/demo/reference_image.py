# SPDX-License-Identifier: Apache-2.0
"""GME's two resizes in a row, and the values that follow, with Pillow and numpy only."""
import math
import numpy as np
from PIL import Image

from common import MAX_TOKENS, MEAN, MIN_TOKENS, STD


def smart_resize(h, w, low, high):
    hb, wb = max(28, round(h / 28) * 28), max(28, round(w / 28) * 28)
    if hb * wb > high:
        beta = math.sqrt(h * w / high)
        hb, wb = math.floor(h / beta / 28) * 28, math.floor(w / beta / 28) * 28
    elif hb * wb < low:
        beta = math.sqrt(low / (h * w))
        hb, wb = math.ceil(h * beta / 28) * 28, math.ceil(w * beta / 28) * 28
    return hb, wb


def size_a(im):
    h, w = smart_resize(im.height, im.width, 4 * 784, 16384 * 784)
    if max(h, w) / min(h, w) > 200:
        if h > w:
            h = w * 200
        else:
            w = h * 200
    return h, w


def size_b(im):
    return smart_resize(*size_a(im), MIN_TOKENS * 784, MAX_TOKENS * 784)


def fetch_image(im):
    """Step A: RGB (alpha dropped), sides to multiples of 28."""
    h, w = size_a(im)
    return im.convert("RGB").resize((w, h))


def pixels(im):
    """Steps A and B, scaled and normalised: float32 [3, h, w]."""
    h, w = size_b(im)
    a = fetch_image(im)
    a = a if (a.height, a.width) == (h, w) else a.resize((w, h), Image.BICUBIC)
    x = (np.asarray(a).astype(np.float64) * (1 / 255)).astype(np.float32)
    return ((x - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1)
