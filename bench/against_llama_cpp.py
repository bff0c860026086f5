# SPDX-License-Identifier: Apache-2.0
"""tuwen against llama.cpp by llama-cpp-python: the vision tower by mtmd, the language model by llama_decode.

llama.cpp has no multimodal embedding call, so this uses its C functions, through the package's bindings, in the way
that is quickest for this work: the whole prompt goes in as embeddings in one batch (token embeddings are read from the
checkpoint, image tokens are what mtmd made), only the last token of each input is an output, and the state that GME
pools is taken where the graph names it (result_norm). With llama.cpp's own switch for embeddings every token would go
through the language head of 151,936 words. That head still runs for the last tokens, which are few. Positions are
sequential, as GME's are; mtmd's own would be three-dimensional.

The models are converted by the script that comes in the package's source; it needs torch, transformers, sentencepiece
and gguf. Files stay in the scratch folder.

    python against_llama_cpp.py --model FULL/gme-2b --type f16 --tuwen FULL/gme-2b.tuwen \\
        --converter SOURCE/vendor/llama.cpp/convert_hf_to_gguf.py
"""

import argparse
import ctypes
import json
import subprocess
import sys
from pathlib import Path

import llama_cpp
import numpy as np
from llama_cpp import mtmd_cpp
from PIL import Image

import common
from common import DEFAULT_INSTRUCTION, Engine

CELLS = 4096  # tokens in one call of llama_decode, and in the cache
SEQUENCES = 64
MARKER = "<|image_pad|>"
STATE = b"result_norm"
FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}


def prompt(text: str, instruction: str, picture: bool = False) -> str:
    """GME's template, as in tools/reference."""
    image = f"<|vision_start|>{MARKER}<|vision_end|>" if picture else ""
    return (
        f"<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n{image}{text}<|im_end|>\n"
        f"<|im_start|>assistant\n<|endoftext|>"
    )


def token_embeddings(checkpoint: Path) -> np.ndarray:
    """[vocabulary, width], mapped from a float32 safetensors file."""
    index = checkpoint / "model.safetensors.index.json"
    name = "model.embed_tokens.weight"
    file = checkpoint / (json.loads(index.read_text())["weight_map"][name] if index.exists() else "model.safetensors")
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(size))[name]
    if entry["dtype"] != "F32":
        raise ValueError(f"{file}: {name} is {entry['dtype']}, and only F32 is read here")
    return np.memmap(file, np.float32, "r", 8 + size + entry["data_offsets"][0], tuple(entry["shape"]))


class Ggml:
    """Two functions of the package's ggml that it has no bindings for."""

    def __init__(self):
        folder = Path(llama_cpp.__file__).parent / "lib"
        library = ctypes.CDLL(str(next(folder.glob("*ggml-base.so*"))))
        self.name = library.ggml_get_name
        self.name.argtypes, self.name.restype = [ctypes.c_void_p], ctypes.c_char_p
        self.size = library.ggml_nbytes
        self.size.argtypes, self.size.restype = [ctypes.c_void_p], ctypes.c_size_t
        self.get = library.ggml_backend_tensor_get
        self.get.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
        self.get.restype = None


class LlamaCpp(Engine):
    """One model type: its two GGUF files, open."""

    def __init__(self, label: str, language: Path, vision: Path, checkpoint: Path, options: argparse.Namespace):
        super().__init__(label, options.batch)
        threads, flash = options.threads, FLASH_ATTENTION[options.flash_attention]
        self._table = token_embeddings(checkpoint)
        self._width = self._table.shape[1]
        self._ggml = Ggml()
        self._states: list[np.ndarray] = []
        llama_cpp.llama_backend_init()
        model = llama_cpp.llama_model_load_from_file(str(language).encode(), llama_cpp.llama_model_default_params())
        if not model:
            raise RuntimeError(f"llama.cpp cannot load {language}")
        self._vocabulary = llama_cpp.llama_model_get_vocab(model)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = CELLS
        params.n_seq_max = SEQUENCES
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        params.flash_attn_type = flash
        self._callback = llama_cpp.ggml_backend_sched_eval_callback(self._see)  # kept: C holds only its address
        params.cb_eval = self._callback
        self._context = llama_cpp.llama_init_from_model(model, params)
        vision_params = mtmd_cpp.mtmd_context_params_default()
        vision_params.use_gpu = False
        vision_params.print_timings = False
        vision_params.n_threads = threads
        vision_params.media_marker = MARKER.encode()
        vision_params.flash_attn_type = flash
        vision_params.image_min_tokens, vision_params.image_max_tokens = 256, 1280
        self._mtmd = mtmd_cpp.mtmd_init_from_file(str(vision).encode(), model, vision_params)
        if not self._context or not self._mtmd:
            raise RuntimeError(f"llama.cpp cannot open {language} with {vision}")

    def embed_picture(self, path: Path) -> np.ndarray:
        before, after = prompt("", DEFAULT_INSTRUCTION, picture=True).split(MARKER)
        parts = [self._table[self._tokens(before)], self._picture(path), self._table[self._tokens(after)]]
        return self._decode([np.concatenate(parts)])[0]

    def embed_texts(self, texts: list[str], instruction: str) -> np.ndarray:
        with self.preparing():
            tokens = [self._tokens(prompt(text, instruction)) for text in texts]
        return self._decode([self._table[some] for some in tokens])

    def _tokens(self, text: str) -> np.ndarray:
        given = text.encode()
        tokens = (llama_cpp.llama_token * (len(given) + 8))()
        count = llama_cpp.llama_tokenize(self._vocabulary, given, len(given), tokens, len(tokens), False, True)
        return np.array(tokens[:count])

    def _picture(self, path: Path) -> np.ndarray:
        """The image tokens that mtmd makes."""
        pixels = np.asarray(Image.open(path).convert("RGB"))
        data = (ctypes.c_uint8 * pixels.size).from_buffer_copy(pixels.tobytes())
        bitmap = mtmd_cpp.mtmd_bitmap_init(pixels.shape[1], pixels.shape[0], data)
        chunks = mtmd_cpp.mtmd_input_chunks_init()
        text = mtmd_cpp.mtmd_input_text(MARKER.encode(), len(MARKER), False, True)
        bitmaps = (mtmd_cpp.mtmd_bitmap_p_ctypes * 1)(bitmap)
        try:
            if mtmd_cpp.mtmd_tokenize(self._mtmd, chunks, ctypes.byref(text), bitmaps, 1):
                raise RuntimeError(f"mtmd cannot take {path}")
            for i in range(mtmd_cpp.mtmd_input_chunks_size(chunks)):
                chunk = mtmd_cpp.mtmd_input_chunks_get(chunks, i)
                if mtmd_cpp.mtmd_input_chunk_get_type(chunk) == mtmd_cpp.MTMD_INPUT_CHUNK_TYPE_IMAGE:
                    if mtmd_cpp.mtmd_encode_chunk(self._mtmd, chunk):
                        raise RuntimeError(f"mtmd cannot encode {path}")
                    rows = mtmd_cpp.mtmd_input_chunk_get_n_tokens(chunk)
                    output = mtmd_cpp.mtmd_get_output_embd(self._mtmd)
                    return np.ctypeslib.as_array(output, (rows, self._width)).copy()
            raise RuntimeError(f"mtmd made no image tokens of {path}")
        finally:
            mtmd_cpp.mtmd_input_chunks_free(chunks)
            mtmd_cpp.mtmd_bitmap_free(bitmap)

    def _decode(self, sequences: list[np.ndarray]) -> np.ndarray:
        """The state of the last token of each sequence of embeddings."""
        rows = np.ascontiguousarray(np.concatenate(sequences), dtype=np.float32)
        positions = np.concatenate([np.arange(len(s)) for s in sequences])
        batch = llama_cpp.llama_batch_init(4 * len(rows), self._width, 1)  # room for four positions a token
        ctypes.memmove(batch.embd, rows.ctypes.data, rows.nbytes)
        batch.n_tokens = len(rows)
        for i, position in enumerate(np.concatenate([positions, positions, positions, 0 * positions])):
            batch.pos[i] = int(position)
        i = 0
        for number, sequence in enumerate(sequences):
            for _ in sequence:
                batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = 1, number, 0
                i += 1
            batch.logits[i - 1] = 1
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), False)
        self._states = []
        code = llama_cpp.llama_decode(self._context, batch)
        llama_cpp.llama_synchronize(self._context)
        llama_cpp.llama_batch_free(batch)
        if code:
            raise RuntimeError(f"llama_decode of {len(rows)} tokens: {code}")
        return np.concatenate(self._states)

    def _see(self, tensor: int, asking: bool, _user: object) -> bool:
        """llama.cpp shows every tensor of the graph: first asking whether it is wanted, then computed."""
        wanted = self._ggml.name(tensor) == STATE
        if wanted and not asking:
            state = np.empty(self._ggml.size(tensor) // 4, dtype=np.float32)
            self._ggml.get(tensor, state.ctypes.data, 0, state.nbytes)
            self._states.append(state.reshape(-1, self._width))
        return wanted or not asking


def convert(checkpoint: Path, converter: Path | None, python: str, type_: str, scratch: Path) -> tuple[Path, Path]:
    """The two GGUF files, made if they are not there."""
    language = scratch / f"{checkpoint.name}-{type_}.gguf"
    vision = scratch / f"{checkpoint.name}-{type_}.mmproj.gguf"
    for target, more in ((language, []), (vision, ["--mmproj"])):
        if target.exists():
            continue
        if converter is None:
            sys.exit(f"{target} is missing: --converter says which script makes it")
        part = target.with_suffix(".part")
        subprocess.run([python, converter, checkpoint, "--outtype", type_, "--outfile", part, *more], check=True)
        part.rename(target)
    return language, vision


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--type", choices=("f16", "bf16", "q8_0", "f32"), default="f16", help="of the GGUF files")
    p.add_argument("--converter", type=Path, help="convert_hf_to_gguf.py of the package's source")
    p.add_argument("--converter-python", default=sys.executable, help="an interpreter that has what it needs")
    p.add_argument("--flash-attention", choices=FLASH_ATTENTION, default="auto")
    options = common.parse(p)
    files = convert(options.model, options.converter, options.converter_python, options.type, options.scratch)
    label = f"llama.cpp {options.type}" + ("" if options.flash_attention == "auto" else f", flash attention {options.flash_attention}")
    others = [LlamaCpp(label, *files, options.model, options)]
    common.main_loop(options, others, {"llama-cpp-python": f"llama-cpp-python {llama_cpp.__version__}"})


if __name__ == "__main__":
    main()
