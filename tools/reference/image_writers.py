# SPDX-License-Identifier: Apache-2.0
"""Small writers for the corners of PNG, GIF and BMP that Pillow can read but does not write."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def packed_bits(row: np.ndarray, depth: int) -> bytes:
    """Samples of 1, 2, 4, 8 or 16 bits, the first in the highest bits, the last byte filled with zeros."""
    samples = row.reshape(-1)
    if depth == 16:
        return samples.astype(">u2").tobytes()
    bits = (samples[:, None].astype(np.uint8) >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1
    return np.packbits(bits.reshape(-1)).tobytes()


def _png_filtered(line: bytes, above: bytes, step: int, kind: int) -> bytes:
    out = bytearray([kind])
    for i, value in enumerate(line):
        a = line[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        estimate = a + b - c
        paeth = min((a, b, c), key=lambda x: abs(estimate - x))
        out.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
    return bytes(out)


def _png_rows(samples: np.ndarray, depth: int) -> bytes:
    """Filtered rows; the five filter types take turns."""
    step = max(1, depth * samples.shape[2] // 8)
    lines = [packed_bits(row, depth) for row in samples]
    above = bytes(len(lines[0]))
    out = []
    for y, line in enumerate(lines):
        out.append(_png_filtered(line, above, step, y % 5))
        above = line
    return b"".join(out)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    samples: np.ndarray, depth: int, color_type: int, interlaced: bool = False, chunks: list[tuple[bytes, bytes]] = ()
) -> bytes:
    """`samples` is height x width x channels; `chunks` (PLTE, tRNS, gAMA, ...) stand between IHDR and IDAT."""
    height, width, channels = samples.shape
    assert channels == PNG_CHANNELS[color_type]
    if interlaced:
        passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        data = b"".join(_png_rows(part, depth) for part in passes if part.size)
    else:
        data = _png_rows(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    body = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, content) for kind, content in body)


def _lzw(indices: bytes, code_bits: int) -> bytes:
    """GIF's LZW with growing codes; the table is cleared when it is full."""
    clear, end = 1 << code_bits, (1 << code_bits) + 1
    codes: list[tuple[int, int]] = []
    width = code_bits + 1
    table = {bytes([i]): i for i in range(clear)}
    following = end + 1
    codes.append((clear, width))
    prefix = b""
    for value in indices:
        longer = prefix + bytes([value])
        if longer in table:
            prefix = longer
            continue
        codes.append((table[prefix], width))
        if following < 4096:
            table[longer] = following
            following += 1
            if following > 1 << width and width < 12:
                width += 1
        else:
            codes.append((clear, width))
            width = code_bits + 1
            table = {bytes([i]): i for i in range(clear)}
            following = end + 1
        prefix = bytes([value])
    codes.append((table[prefix], width))
    codes.append((end, width))
    out, held, count = bytearray(), 0, 0
    for code, bits in codes:
        held |= code << count
        count += bits
        while count >= 8:
            out.append(held & 255)
            held >>= 8
            count -= 8
    if count:
        out.append(held & 255)
    return bytes(out)


@dataclass
class GifFrame:
    """One picture of a GIF; `palette` is its own colour table (a power of two of RGB triples) if it has one."""

    indices: np.ndarray
    left: int = 0
    top: int = 0
    palette: bytes = b""
    interlaced: bool = False
    transparent: int | None = None
    delay: int | None = None
    disposal: int = 0


def _table_bits(palette: bytes) -> int:
    return (len(palette) // 3).bit_length() - 2


def _gif_frame(frame: GifFrame, code_bits: int) -> bytes:
    out = b""
    if frame.transparent is not None or frame.delay is not None:
        flags = frame.disposal << 2 | (frame.transparent is not None)
        out += b"\x21\xf9\x04" + struct.pack("<BHB", flags, frame.delay or 0, frame.transparent or 0) + b"\0"
    height, width = frame.indices.shape
    flags = (0x80 | _table_bits(frame.palette) if frame.palette else 0) | (0x40 if frame.interlaced else 0)
    out += b"\x2c" + struct.pack("<HHHHB", frame.left, frame.top, width, height, flags) + frame.palette
    rows = frame.indices
    if frame.interlaced:
        rows = np.concatenate([rows[0::8], rows[4::8], rows[2::4], rows[1::2]])
    data = _lzw(rows.astype(np.uint8).tobytes(), code_bits)
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    return out + bytes([code_bits]) + blocks + b"\0"


def gif(width: int, height: int, frames: list[GifFrame], palette: bytes = b"", background: int = 0) -> bytes:
    flags = (0x80 | _table_bits(palette)) if palette else 0
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, flags, background, 0) + palette
    for frame in frames:
        code_bits = max(2, int(frame.indices.max()).bit_length())
        out += _gif_frame(frame, code_bits)
    return out + b"\x3b"


@dataclass
class Bmp:
    """A Windows bitmap from its parts. `data` is the pixel array as stored, rows padded to four bytes."""

    width: int
    height: int
    bits: int
    data: bytes
    palette: bytes = b""
    compression: int = 0
    masks: tuple[int, ...] = ()
    header_size: int = 40

    def encode(self) -> bytes:
        header = struct.pack(
            "<IiiHHIIiiII", self.header_size, self.width, self.height, 1, self.bits, self.compression, len(self.data),
            2835, 2835, len(self.palette) // 4, 0,
        )
        masks = struct.pack(f"<{len(self.masks)}I", *self.masks)
        if self.header_size > 40:
            header += masks
            header += bytes(self.header_size - len(header))
            masks = b""
        offset = 14 + len(header) + len(masks) + len(self.palette)
        file_header = b"BM" + struct.pack("<IHHI", offset + len(self.data), 0, 0, offset)
        return file_header + header + masks + self.palette + self.data


def bmp_rows(samples: np.ndarray, bits: int, top_down: bool = False) -> bytes:
    """Rows of packed samples (up to 8 bits) or little-endian pixels, bottom row first unless `top_down`."""
    out = []
    for row in samples if top_down else samples[::-1]:
        line = packed_bits(row, bits) if bits <= 8 else row.astype({16: "<u2", 24: np.uint8, 32: "<u4"}[bits]).tobytes()
        out.append(line + bytes(-len(line) % 4))
    return b"".join(out)


def bmp_rle8(indices: np.ndarray) -> bytes:
    """Run-length coding with runs, literal runs, ends of line and the end mark."""
    out = bytearray()
    for row in indices[::-1]:
        x = 0
        while x < len(row):
            run = 1
            while x + run < len(row) and row[x + run] == row[x] and run < 255:
                run += 1
            literal = min(5, len(row) - x)
            if run >= 2 or literal < 3:
                out += bytes([run, row[x]])
                x += run
            else:
                values = bytes(int(v) for v in row[x : x + literal])
                out += bytes([0, literal]) + values + bytes(literal % 2)
                x += literal
        out += b"\0\0"
    return bytes(out + b"\0\1")


def bmp_rle4(indices: np.ndarray) -> bytes:
    """Pairs of pixels: each run holds two colours in turn."""
    out = bytearray()
    for row in indices[::-1]:
        for x in range(0, len(row), 2):
            pair = row[x : x + 2]
            low = int(pair[1]) if len(pair) == 2 else 0
            out += bytes([len(pair), int(pair[0]) << 4 | low])
        out += b"\0\0"
    return bytes(out + b"\0\1")
