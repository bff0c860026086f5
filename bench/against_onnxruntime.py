# SPDX-License-Identifier: Apache-2.0
"""tuwen against ONNX Runtime: both towers exported from PyTorch, in float32 and quantised dynamically to int8.

The exported files stay in the scratch folder (8 GB for the full-size model in f32, 2 GB in int8) and are made once. The
int8 variant has weights in int8 per output channel, and quantises activations on the fly, which is what ONNX Runtime's
documentation recommends for transformers.

    python against_onnxruntime.py --model FULL/gme-2b --precision f32 --tuwen FULL/gme-2b-f32.tuwen --json ort-f32.json
"""

from pathlib import Path

import numpy as np
import onnxruntime
import torch

import common
from towers import VARYING, Tower, Towers, load_towers


def export(checkpoint: Path, folder: Path) -> None:
    """Writes vision.onnx and language.onnx, the weights of each in a file beside it."""
    for name, (tower, example) in load_towers(checkpoint).items():
        common.log(f"exporting {name}")
        shared = {label: torch.export.Dim(label) for axes in VARYING[name] for label in axes.values()}
        if name == "vision":  # four patches make a token
            shared = {"patches": 4 * torch.export.Dim("merged")}
        varying = tuple({axis: shared[label] for axis, label in axes.items()} for axes in VARYING[name])
        program = torch.onnx.export(
            tower, example, dynamo=True, input_names=["states", "cos", "sin"], output_names=["output"],
            dynamic_shapes=varying,
        )  # fmt: skip
        program.save(folder / f"{name}.onnx", external_data=True)


def quantise(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    common.log(f"quantising {source.name}")
    quantize_dynamic(
        source, target, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8,
        use_external_data_format=True, extra_options={"MatMulConstBOnly": True},
    )  # fmt: skip


def session(path: Path, threads: int) -> Tower:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Its threads must not go on spinning when it is tuwen's turn.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    runtime = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in runtime.get_inputs()]

    def tower(states: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
        return runtime.run(None, dict(zip(names, (states.astype(np.float32), cos, sin))))[0]

    return tower


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--precision", choices=("f32", "int8"), default="f32", help="of ONNX Runtime")
    options = common.parse(p)
    folders = {precision: options.scratch / f"onnx-{options.model.name}-{precision}" for precision in ("f32", "int8")}
    towers = []
    for name in ("vision", "language"):
        paths = {precision: folder / f"{name}.onnx" for precision, folder in folders.items()}
        if not paths["f32"].exists():
            folders["f32"].mkdir(parents=True, exist_ok=True)
            export(options.model, folders["f32"])
        if options.precision == "int8" and not paths["int8"].exists():
            folders["int8"].mkdir(parents=True, exist_ok=True)
            quantise(paths["f32"], paths["int8"])
        towers.append(session(paths[options.precision], options.threads))
    others = [Towers(f"ONNX Runtime {options.precision}", options.model, *towers, options.batch)]
    common.main_loop(options, others, {"onnxruntime": f"onnxruntime {onnxruntime.__version__}"})


if __name__ == "__main__":
    main()
