# SPDX-License-Identifier: Apache-2.0
"""What the comparisons share: the work, tuwen as one contestant, turns (A B A B), medians and ratios, the report.

A comparison is a script that makes its engine's contestants and hands them to `main_loop`. A contestant has a `label`,
does a whole `Work` in one call, from the picture's file and the texts' strings to vectors of unit length, and tells
how long that took. The vectors are compared with tuwen's in the same run, so that the table also shows that the same
work was done.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "reference"))

INSTRUCTION = "Find an image that matches the given text."  # of the text side, as published
DEFAULT_INSTRUCTION = "You are a helpful assistant."
WORKS = ("picture", "large", "captions", "match")


# --- the work ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Work:
    """At most one picture, and texts that share an instruction. Vectors come in that order."""

    name: str
    picture: Path | None
    texts: tuple[str, ...]
    instruction: str = INSTRUCTION


@dataclass
class Turn:
    """One contestant's time for one work, in seconds; `preparing` (decoding, resizing, token ids) is part of it."""

    seconds: float
    vectors: np.ndarray
    preparing: float | None = None


class Contestant(Protocol):
    label: str

    def run(self, work: Work) -> Turn: ...


_SUBJECTS = "a dog|a girl|two men|an old woman|a red bicycle|a cat|three boats|a train|a blue car|a tower".split("|")
_VERBS = "standing|sleeping|waiting|seen|left alone|photographed".split("|")
_PLACES = (
    "on a beach|in the rain|near a harbour|under a tree|in a crowded market|beside a wooden table|on a bridge|"
    "in front of a brick wall|at night|between tall buildings|in fresh snow|with a yellow umbrella"
).split("|")


def make_captions(count: int) -> tuple[str, ...]:
    """`count` captions of 5 to 15 words, the same for the same count."""
    dice = random.Random(count)
    captions = []
    while len(captions) < count:
        words = f"{dice.choice(_SUBJECTS)} {dice.choice(_VERBS)} {' '.join(dice.sample(_PLACES, 3))}".split()
        captions.append(" ".join(words[: dice.randint(5, 15)]))
    return tuple(captions)


def make_picture(width: int, height: int, folder: Path) -> Path:
    """A picture of `width` x `height` pixels; sides are multiples of 28, so that no engine resizes it."""
    path = folder / f"{width}x{height}.png"
    if not path.exists():
        from pictures import scene  # of tools/reference

        scene(width, height).save(path)
    return path


def make_works(names: list[str], captions: int, folder: Path) -> list[Work]:
    small, large = make_picture(448, 448, folder), make_picture(1036, 784, folder)
    all_works = {
        "picture": Work("picture of 448x448", small, ()),
        "large": Work("picture of 1036x784", large, ()),
        "captions": Work(f"{captions} captions", None, make_captions(captions)),
        "match": Work("picture of 448x448, 20 captions", small, make_captions(20)),
    }
    return [all_works[name] for name in names]


def unit_length(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


# --- the other engines ------------------------------------------------------------------------------------------------
BATCH_SIZES = (1, 4, 8, 16, 32)


class Engine:
    """A contestant out of two methods of a subclass, one for the picture and one for a batch of texts.

    Texts go in order of length, the longest first, so that a batch has little padding. `batch` is how many go at once;
    0 lets the engine try several sizes at its first texts and keep the quickest.
    """

    def __init__(self, label: str, batch: int):
        self.label = label
        self._batch = batch
        self._prepared = 0.0

    def embed_picture(self, path: Path) -> np.ndarray:
        """[width], of any length."""
        raise NotImplementedError

    def embed_texts(self, texts: list[str], instruction: str) -> np.ndarray:
        """[texts, width], of any length."""
        raise NotImplementedError

    def run(self, work: Work) -> Turn:
        if work.texts and not self._batch:
            self._batch = self._quickest_batch(work)
        return self._do(work, self._batch)

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """What a subclass does within it counts as preparing."""
        start = time.perf_counter()
        yield
        self._prepared += time.perf_counter() - start

    def _do(self, work: Work, batch: int) -> Turn:
        start, self._prepared = time.perf_counter(), 0.0
        vectors = [] if work.picture is None else [self.embed_picture(work.picture)]
        texts: list = [None] * len(work.texts)
        order = sorted(range(len(work.texts)), key=lambda i: -len(work.texts[i]))
        for first in range(0, len(order), batch or 1):
            some = order[first : first + batch]
            for i, vector in zip(some, self.embed_texts([work.texts[i] for i in some], work.instruction)):
                texts[i] = vector
        result = unit_length(np.stack([*vectors, *texts]))
        return Turn(time.perf_counter() - start, result, self._prepared)

    def _quickest_batch(self, work: Work) -> int:
        """The better of two tries of each size, on up to 32 of the texts."""
        sample = Work("a sample", None, work.texts[:: max(1, len(work.texts) // 32)][:32], work.instruction)
        times = {}
        for size in BATCH_SIZES:
            if size <= len(sample.texts):
                times[size] = min(self._do(sample, size).seconds for _ in range(2))
        size = min(times, key=times.get)
        log(f"{self.label}: batches of {size}: " + ", ".join(f"{k}: {v:.2f} s" for k, v in times.items()))
        return size


# --- tuwen ------------------------------------------------------------------------------------------------------------
class Tuwen:
    """A model open in a process of driver.c."""

    def __init__(self, model: Path, build: Path, scratch: Path, threads: int):
        driver = compile_driver(build, scratch)
        self._vectors = scratch / f"tuwen-{os.getpid()}-{id(self)}.f32"
        self._process = subprocess.Popen(
            [driver, model, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        _, precision, dimension, version = self._answer().split()
        self._dimension = int(dimension)
        self.label = f"tuwen {precision}"
        self.version = f"tuwen {version}"

    def run(self, work: Work) -> Turn:
        lines = [f"instruction {work.instruction}"]
        lines += [] if work.picture is None else [f"picture {work.picture}"]
        lines += [f"text {text}" for text in work.texts]
        self._process.stdin.write("\n".join([*lines, f"run {self._vectors}"]) + "\n")
        self._process.stdin.flush()
        seconds = float(self._answer())
        vectors = np.fromfile(self._vectors, dtype=np.float32).reshape(-1, self._dimension)
        self._vectors.unlink()
        return Turn(seconds, vectors)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the driver of tuwen ended with code {self._process.wait()}")
        return line


def compile_driver(build: Path, scratch: Path) -> Path:
    """Compiles driver.c with the shared library of a build folder."""
    source, target, library = ROOT / "bench/driver.c", scratch / "driver", (build / "src").resolve()
    newest = max(path.stat().st_mtime for path in (source, library / "libtuwen.so"))
    if not target.exists() or target.stat().st_mtime < newest:
        flags = ["-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", f"-I{ROOT / 'include'}"]
        libraries = [f"-L{library}", "-ltuwen", f"-Wl,-rpath,{library}"]
        subprocess.run([os.environ.get("CC", "cc"), *flags, source, "-o", target, *libraries], check=True)
    return target


# --- turns ------------------------------------------------------------------------------------------------------------
@dataclass
class Result:
    """One contestant's turns at one work. Ratios are taken within a round, to the first contestant of it."""

    work: str
    label: str
    seconds: list[float]
    preparing: list[float]
    median: float
    ratio: float  # median over the rounds of this one's time / the first one's: above 1, the first is faster
    ratio_least: float
    ratio_largest: float
    least_cosine: float  # of a vector with the first one's


def take_turns(contestants: list[Contestant], work: Work, rounds: int, pause: float) -> list[Result]:
    """One turn for each contestant to warm up, then A B C ... once untimed and `rounds` times timed.

    The untimed round is for the pages of those that waited, minutes if the other compiles: the system may have taken
    them. The pause between turns lets idle threads of the one before stop spinning.
    """
    vectors, turns = [], [[] for _ in contestants]
    for contestant in contestants:
        vectors.append(contestant.run(work).vectors)
        log(f"{work.name}: {contestant.label} is warm")
    for number in range(rounds + 1):
        for contestant, own in zip(contestants, turns):
            time.sleep(pause)
            turn = contestant.run(work)
            own += [turn] if number else []
            log(f"{work.name}: {contestant.label}: {turn.seconds:.3f} s{'' if number else ', not counted'}")
    results = []
    for contestant, own, vector in zip(contestants, turns, vectors):
        seconds = [turn.seconds for turn in own]
        ratios = [second / first.seconds for second, first in zip(seconds, turns[0])]
        results.append(
            Result(
                work.name,
                contestant.label,
                seconds,
                [turn.preparing for turn in own if turn.preparing is not None],
                statistics.median(seconds),
                statistics.median(ratios),
                min(ratios),
                max(ratios),
                float((unit_length(vector) * unit_length(vectors[0])).sum(-1).min()),
            )
        )
    return results


# --- the report -------------------------------------------------------------------------------------------------------
def machine() -> dict[str, object]:
    """What the figures depend on besides the programs."""
    facts = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    notable = "avx2 avx512f avx512_vnni avx512_bf16 avx512_fp16 amx_bf16 amx_int8 asimd bf16 i8mm".split()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": facts.get("model name", platform.processor() or platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "instructions": [flag for flag in notable if flag in flags],
        "memory_gb": round(memory / 1e9, 1),
        "load": round(os.getloadavg()[0], 2),
        "time": time.strftime("%Y-%m-%d %H:%M"),
    }


def machine_line(facts: dict[str, object]) -> str:
    return (
        f"{facts['time']}, {facts['processor']}, {facts['cores']} cores, {' '.join(facts['instructions'])}, "
        f"{facts['memory_gb']} GB, load at the start {facts['load']}"
    )


def table(results: list[Result]) -> str:
    first = results[0].label
    lines = [
        f"| work | engine | median s | of it preparing | time / {first}'s | from..to | least cosine with {first} |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        preparing = f"{statistics.median(r.preparing):.3f}" if r.preparing else ""
        spread = f"{r.ratio_least:.2f}..{r.ratio_largest:.2f}"
        lines.append(
            f"| {r.work} | {r.label} | {r.median:.3f} | {preparing} | {r.ratio:.2f} | {spread} | {r.least_cosine:.6f} |"
        )
    return "\n".join(lines)


def log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# --- the command line -------------------------------------------------------------------------------------------------
def parser(description: str) -> argparse.ArgumentParser:
    """The options that every comparison has."""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--model", type=Path, required=True, help="the checkpoint's folder, which the other engine reads")
    p.add_argument("--tuwen", type=Path, action="append", default=[], metavar="FILE",
                   help="the same checkpoint for tuwen: a packed file of any precision, or a folder; may be repeated; "
                        "ratios are to the first (default: the folder, in f32)")  # fmt: skip
    p.add_argument("--build", type=Path, default=ROOT / "build", help="a build folder of tuwen")
    p.add_argument("--scratch", type=Path, default=ROOT / "build/bench", help="pictures, the driver, converted models")
    p.add_argument("--works", default=",".join(WORKS), help="which works, of " + ", ".join(WORKS))
    p.add_argument("--captions", type=int, default=100, help="how many captions the work of that name has")
    p.add_argument("--rounds", type=int, default=5, help="timed turns of each engine")
    p.add_argument("--pause", type=float, default=0.5, help="seconds between two turns")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--batch", type=int, default=0,
                   help="how many texts the other engine takes at once; 0: it tries several sizes and keeps the "
                        "quickest, which takes as long as 320 texts")  # fmt: skip
    p.add_argument("--json", type=Path, metavar="FILE", help="also write everything measured to FILE")
    return p


def parse(p: argparse.ArgumentParser) -> argparse.Namespace:
    options = p.parse_args()
    options.works = options.works.split(",")
    if unknown := set(options.works) - set(WORKS):
        p.error(f"unknown works: {', '.join(sorted(unknown))}")
    options.tuwen = options.tuwen or [options.model]
    options.scratch.mkdir(parents=True, exist_ok=True)
    return options


def main_loop(options: argparse.Namespace, others: list[Contestant], versions: dict[str, str]) -> None:
    """Lets tuwen and the others do every work in turn, prints the table, and writes the JSON file if it is wanted."""
    facts = machine()
    tuwens = [Tuwen(model, options.build, options.scratch, options.threads) for model in options.tuwen]
    versions = {"tuwen": tuwens[0].version} | versions
    results = []
    for work in make_works(options.works, options.captions, options.scratch):
        results += take_turns([*tuwens, *others], work, options.rounds, options.pause)
    for contestant in tuwens:
        contestant.close()
    print(machine_line(facts))
    print(f"{', '.join(versions.values())}; {options.threads} threads; {options.rounds} rounds\n")
    print(table(results))
    if options.json:
        report = {"machine": facts, "versions": versions, "threads": options.threads, "rounds": options.rounds}
        report["results"] = [asdict(result) for result in results]
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
