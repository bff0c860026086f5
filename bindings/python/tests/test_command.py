# SPDX-License-Identifier: Apache-2.0
"""The command `tuwen` that comes with the package: it runs, finds the model that ships, and scores as the Matcher does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

import tuwen

from support import DOG, SUNSET, TEXTS

MODULE = [sys.executable, "-m", "tuwen"]
SCRIPT = Path(sys.executable).with_name("tuwen")


class Command(unittest.TestCase):
    def setUp(self) -> None:
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TUWEN_", "XDG_"))}
        self.environment = {**kept, "HOME": home.name, "LC_ALL": "C.UTF-8"}

    def run_command(self, *words: str, command: Sequence[str] = MODULE) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *words], env=self.environment, capture_output=True, text=True)

    def test_version_and_help(self) -> None:
        done = self.run_command("version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.split("\n")[0], f"tuwen {tuwen.__version__}")
        done = self.run_command("help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("calibrate", done.stdout)
        self.assertEqual(self.run_command("no-such-command").returncode, 2)

    def test_script(self) -> None:
        if not SCRIPT.exists():
            self.skipTest("the package was not installed by pip")
        for words in (["version"], ["help", "match"]):
            done = self.run_command(*words, command=[str(SCRIPT)])
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout, self.run_command(*words).stdout)

    def test_cosines_of_the_matcher(self) -> None:
        options = [option for text in TEXTS for option in ("-t", text)]
        done = self.run_command("match", "--no-cache", "--json", DOG, SUNSET, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        pairs = json.loads(done.stdout)["results"]
        self.assertEqual(len(pairs), 2 * len(TEXTS))
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            expected = matcher.match([DOG, SUNSET], TEXTS).cosine
        for pair in pairs:
            cosine = expected[[DOG, SUNSET].index(pair["image"]), pair["index"]]
            self.assertAlmostEqual(pair["cosine"], float(cosine), delta=1e-6)

    def test_what_the_package_does_not_have(self) -> None:
        for words, advice in ((["pull"], "hf download Alibaba-NLP/gme-Qwen2-VL-2B-Instruct"), (["serve"], "install tuwen")):
            done = self.run_command(*words)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("came with the Python package", done.stderr)
            self.assertIn(advice, done.stderr)

    def test_reader_that_left(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([*MODULE, "help"], env=self.environment, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""))


if __name__ == "__main__":
    unittest.main()
