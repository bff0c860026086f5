# SPDX-License-Identifier: Apache-2.0
"""Which copy a name stands for: paths, tuwen's store, the caches of both hubs' clients, and the default."""

from __future__ import annotations

import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import tuwen
from tuwen.compat._models import find_default, find_model

NAME = "Alibaba-NLP/gme-Qwen2-VL-2B-Instruct"


class Copies(unittest.TestCase):
    def setUp(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.home)
        names = ("TUWEN_MODEL", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
        kept = {name: value for name, value in os.environ.items() if name not in (*names, "MODELSCOPE_CACHE")}
        patch = mock.patch.dict(os.environ, {**kept, "HOME": str(self.home)}, clear=True)
        patch.start()
        self.addCleanup(patch.stop)
        self.store = self.home / ".local/share/tuwen/models"

    def checkpoint(self, *parts: str) -> str:
        folder = self.home.joinpath(*parts)
        folder.mkdir(parents=True)
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            (folder / name).write_text("{}")
        return str(folder)

    def test_names_of_the_store(self) -> None:
        with self.assertRaisesRegex(tuwen.NotFoundError, "tuwen pull gme-2b"):
            find_model(NAME)
        folder = self.checkpoint(".local/share/tuwen/models/gme-2b")
        self.assertEqual(find_model(Path(folder)), folder)
        for name in (NAME, "iic/gme-Qwen2-VL-2B-Instruct", "GME-Qwen2-VL-2B-Instruct", "gme-2b", folder):
            self.assertEqual(find_model(name), folder)
        packed = self.store / "gme-2b.tuwen"
        packed.touch()
        self.assertEqual(find_model(NAME), str(packed))
        with self.assertRaisesRegex(tuwen.NotFoundError, "tuwen pull gme-7b"):
            find_model("Alibaba-NLP/gme-Qwen2-VL-7B-Instruct")

    def test_another_owner_is_another_model(self) -> None:
        folder = self.checkpoint(".local/share/tuwen/models/tuned")
        (self.store / ".tuned.from").write_text("me/tuned\n")
        self.assertEqual(find_model("me/tuned"), folder)
        self.assertEqual(find_model("tuned"), folder)
        for name in ("you/tuned", "default", "", "../tuned"):
            with self.assertRaises(tuwen.NotFoundError):
                find_model(name)

    def test_caches_of_the_hubs(self) -> None:
        scope = self.checkpoint(".cache/modelscope/hub/models/iic/gme-Qwen2-VL-2B-Instruct")
        self.assertEqual(find_model(NAME), scope)
        base = ".cache/huggingface/hub/models--Alibaba-NLP--gme-Qwen2-VL-2B-Instruct"
        older = self.checkpoint(base, "snapshots/aaaa")
        self.assertEqual(find_model(NAME), older)
        main = self.checkpoint(base, "snapshots/bbbb")
        (self.home / base / "refs").mkdir()
        (self.home / base / "refs/main").write_text("bbbb")
        self.assertEqual(find_model(NAME), main)
        (Path(main) / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}')
        self.assertEqual(find_model(NAME), older, "a copy that lacks a weight file is not used")

    def test_default(self) -> None:
        with self.assertLogs("tuwen", "WARNING") as logs:
            self.assertEqual(find_default(), tuwen.demo_model())
        self.assertIn("tuwen pull gme-2b", logs.output[0])
        other = self.checkpoint(".local/share/tuwen/models/tuned")
        (self.store / "default").symlink_to("tuned")
        self.assertEqual(os.path.realpath(find_default()), os.path.realpath(other))
        gme = self.checkpoint(".local/share/tuwen/models/gme-2b")
        self.assertEqual(find_default(), gme)
        os.environ["TUWEN_MODEL"] = other
        self.assertEqual(find_default(), other)
        os.environ["TUWEN_MODEL"] = "absent"
        with self.assertRaises(tuwen.NotFoundError):
            find_default()


if __name__ == "__main__":
    unittest.main()
