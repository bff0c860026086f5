# SPDX-License-Identifier: Apache-2.0
"""Vectors of pictures and texts from an exported checkpoint, in float32, through the true preprocessing."""
import torch

from common import DEFAULT_SYSTEM, QUERY_SYSTEM
from export import load
from model import patches
from reference_image import pixels


class Embedder:
    def __init__(self, folder):
        from train import Encoder
        self.net, tok = load(folder)
        self.enc = Encoder(tok)

    @torch.no_grad()
    def pictures(self, images, chunk=64):
        """Pillow images -> unit vectors [n, D]; pictures of one grid go together."""
        by_size, out = {}, [None] * len(images)
        for k, im in enumerate(images):
            x = torch.from_numpy(pixels(im))
            by_size.setdefault(tuple(x.shape[1:]), []).append((k, x))
        prefix = self.net.prefix(self.enc.prefix[DEFAULT_SYSTEM], torch.float32)
        ends = self.net.embed(torch.tensor([*self.enc.vision, *self.enc.tail]), torch.float32)
        for (h, w), items in by_size.items():
            for lo in range(0, len(items), chunk):
                part = items[lo:lo + chunk]
                v = self.net.vision(patches(torch.stack([x for _, x in part])), h // 14, w // 14)
                n = len(part)
                seq = torch.cat((ends[:1].expand(n, 1, -1), v, ends[1:].expand(n, -1, -1)), 1)
                z = self.net.decode(seq, prefix, torch.full((n,), seq.shape[1] - 1))
                for (k, _), e in zip(part, z):
                    out[k] = e
        return torch.stack(out)

    @torch.no_grad()
    def texts(self, strings, system=QUERY_SYSTEM, chunk=128):
        rows = self.enc.batch(strings, longest=200)
        prefix = self.net.prefix(self.enc.prefix[system], torch.float32)
        out = []
        for lo in range(0, len(rows), chunk):
            ids, last = self.enc.pad(rows[lo:lo + chunk])
            out.append(self.net.decode(self.net.embed(ids, torch.float32), prefix, last))
        return torch.cat(out)
