# SPDX-License-Identifier: Apache-2.0
"""Ray Data: the vectors of all pictures of a folder in Parquet files, on one machine or many. Wants ray[data].

    python embed_folder_ray.py FOLDER OUTPUT --model gme-2b.tuwen --workers 2

Every file in OUTPUT is complete, so the same command goes on after any end, kill -9 included: pictures that are in one
are skipped. A row has path, vector, and message (why there is no vector). Workers of one machine map the same packed
file, so its weights are in memory once; each computes with one thread. On a cluster FOLDER, OUTPUT and the model lie on
storage that all machines see, and RAY_ADDRESS says where the cluster is.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import sys
import time
import uuid
from pathlib import Path
from typing import IO, Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray sends a report of what it runs on

import pyarrow as pa
import pyarrow.parquet as pq
import ray

import tuwen

PICTURES = (".avif", ".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def lock(output: Path, how: int) -> IO[str]:
    """Workers share OUTPUT; a new run waits for those of a killed one, which may be writing their last file."""
    file = open(output / ".lock", "w")
    fcntl.flock(file, how)
    return file


class Embedder:
    """A worker: embeds a batch of pictures and writes them to a file of its own, which appears when it is complete."""

    def __init__(self, model: str, output: str) -> None:
        self.session = tuwen.Session(tuwen.Model(model, threads=1))
        self.output = Path(output)
        self.lock = lock(self.output, fcntl.LOCK_SH)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        paths = [str(path) for path in batch["path"]]
        inputs = [tuwen.Input(image=path) for path in paths]
        vectors, outputs = self.session.embed(inputs, return_outputs=True)
        good = [result.status == "OK" for result in outputs]
        table = pa.table(
            {
                "path": paths,
                "vector": pa.array(
                    [vector if ok else None for vector, ok in zip(vectors, good)],
                    pa.list_(pa.float32(), self.session.model.dimension),
                ),
                "message": [None if ok else result.message for result, ok in zip(outputs, good)],
            }
        ).replace_schema_metadata({"space": self.session.fingerprint})
        name = f"{uuid.uuid4().hex}.parquet"
        pq.write_table(table, self.output / f".{name}.part")
        os.rename(self.output / f".{name}.part", self.output / name)
        return {"done": [sum(good)], "failed": [len(good) - sum(good)]}


def paths_that_are_done(output: Path, space: str) -> set[str]:
    """The pictures in OUTPUT; vectors of another space must not be mixed with them."""
    done: set[str] = set()
    for file in output.glob("*.parquet"):
        table = pq.read_table(file, columns=["path"])
        found = (table.schema.metadata or {}).get(b"space", b"?").decode()
        if found != space:
            sys.exit(f"{file} has vectors of the space {found}, and the model makes those of {space}.")
        done.update(table.column("path").to_pylist())
    return done


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--model", required=True, help="a packed file, made by tuwen pull or tuwen convert")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32, help="pictures in one output file")
    options = parser.parse_args()

    options.output.mkdir(parents=True, exist_ok=True)
    model = os.path.abspath(options.model)
    with tuwen.Model(model) as opened, tuwen.Session(opened) as session, lock(options.output, fcntl.LOCK_EX):
        done = paths_that_are_done(options.output, session.fingerprint)
    every = [str(path) for path in sorted(options.folder.rglob("*")) if path.suffix.lower() in PICTURES]
    todo = [{"path": path} for path in every if path not in done]
    print(f"{len(every)} pictures, {len(every) - len(todo)} done before", flush=True)
    if not todo:
        return

    ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    results = ray.data.from_items(todo, override_num_blocks=-(-len(todo) // options.batch)).map_batches(
        Embedder,
        fn_constructor_kwargs={"model": model, "output": str(options.output.absolute())},
        compute=ray.data.ActorPoolStrategy(size=options.workers),
        num_cpus=1,
        batch_size=options.batch,
    )
    finished, failed, first, start = 0, 0, 0, 0.0
    for row in results.iter_rows():
        finished, failed = finished + row["done"], failed + row["failed"]
        if not first:
            first, start = finished + failed, time.monotonic()
        print(f"{finished + failed} of {len(todo)}", flush=True)
    seconds = time.monotonic() - start
    later = finished + failed - first
    rate = f", {later / seconds:.1f} a second after the first batch" if later else ""
    print(f"{finished} vectors, {failed} failed{rate}")


if __name__ == "__main__":
    main()
