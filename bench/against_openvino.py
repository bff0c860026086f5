# SPDX-License-Identifier: Apache-2.0
"""tuwen against OpenVINO: both towers converted from PyTorch, in f32, in bf16, with int8 weights, with int8 products.

`f32` and `bf16` are the hint that OpenVINO gets for its arithmetic; both use the same files, whose weights are float32.
`int8w` has int8 weights, made by nncf.compress_weights; `int8` has int8 weights and activations, made by nncf.quantize
and calibrated with the picture and with captions.

    python against_openvino.py --model FULL/gme-2b --precision bf16 --tuwen FULL/gme-2b.tuwen --json openvino-bf16.json
"""

from pathlib import Path

import numpy as np
import openvino
import torch

import common
from towers import Tower, Towers, load_towers

PRECISIONS = ("f32", "bf16", "int8w", "int8")


def convert(checkpoint: Path, folder: Path) -> None:
    """Writes vision.xml and language.xml with their weights."""
    for name, (tower, example) in load_towers(checkpoint).items():
        common.log(f"converting {name}")
        with torch.no_grad():
            model = openvino.convert_model(tower, example_input=example)
        openvino.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)


def compress(source: Path, target: Path) -> None:
    import nncf

    common.log(f"compressing the weights of {source.name}")
    model = nncf.compress_weights(openvino.Core().read_model(source), mode=nncf.CompressWeightsMode.INT8_SYM)
    openvino.save_model(model, target, compress_to_fp16=False)


def quantise(source: Path, target: Path, samples: list[list[np.ndarray]]) -> None:
    import nncf

    common.log(f"quantising {source.name} with {len(samples)} samples")
    model = nncf.quantize(
        openvino.Core().read_model(source), nncf.Dataset(samples), subset_size=len(samples),
        model_type=nncf.ModelType.TRANSFORMER, preset=nncf.QuantizationPreset.PERFORMANCE,
    )  # fmt: skip
    openvino.save_model(model, target, compress_to_fp16=False)


def tower_of(path: Path, precision: str, threads: int) -> Tower:
    hints = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
    }
    request = openvino.Core().compile_model(path, "CPU", hints).create_infer_request()

    def tower(states: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
        request.infer([np.ascontiguousarray(states, dtype=np.float32), cos, sin], share_inputs=True)
        return request.get_output_tensor().data.copy()

    return tower


def seen_inputs(options, paths: list[Path]) -> list[list[list[np.ndarray]]]:
    """What each tower gets in the works of the command line, a few samples."""
    seen = [[], []]

    def recording(own: list, tower: Tower) -> Tower:
        def recorder(*given: np.ndarray) -> np.ndarray:
            own.append([np.array(array, dtype=np.float32) for array in given])
            return tower(*given)

        return recorder

    towers = [recording(own, tower_of(path, "f32", options.threads)) for own, path in zip(seen, paths)]
    samples = Towers("OpenVINO for calibration", options.model, *towers, batch=4)
    for work in common.make_works(["picture", "captions"], 16, options.scratch):
        samples.run(work)
    return seen


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--precision", choices=PRECISIONS, default="f32", help="of OpenVINO")
    options = common.parse(p)
    folder = options.scratch / f"openvino-{options.model.name}"
    folder.mkdir(exist_ok=True)
    plain = [folder / "vision.xml", folder / "language.xml"]
    if not all(path.exists() for path in plain):
        convert(options.model, folder)
    paths = plain
    if options.precision in ("int8", "int8w"):
        paths = [folder / f"{path.stem}-{options.precision}.xml" for path in plain]
    if not all(path.exists() for path in paths):
        samples = seen_inputs(options, plain) if options.precision == "int8" else [None, None]
        for source, target, own in zip(plain, paths, samples):
            compress(source, target) if own is None else quantise(source, target, own)
    towers = [tower_of(path, options.precision, options.threads) for path in paths]
    others = [Towers(f"OpenVINO {options.precision}", options.model, *towers, options.batch)]
    common.main_loop(options, others, {"openvino": f"OpenVINO {openvino.__version__}"})


if __name__ == "__main__":
    main()
