# SPDX-License-Identifier: Apache-2.0
"""The Matcher says what the program says."""

from __future__ import annotations

import json
import os
import subprocess
import unittest
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

import tuwen

from support import DOG, SUNSET, TEXTS

PROFILE = os.path.join(tuwen.demo_model(), "profile.json")


def judged(profile: bool) -> List[Dict[str, Any]]:
    path = os.environ.get("TUWEN_PROGRAM")
    if not path:
        raise unittest.SkipTest("TUWEN_PROGRAM does not name the program to compare with")
    command = [path, "match", "--no-cache", "--quiet", "--model", tuwen.demo_model(), "--json"]
    command += ["--profile", PROFILE] if profile else ["--profile", "none"]
    run = subprocess.run([*command, "-i", DOG, *TEXTS], stdout=subprocess.PIPE, check=True)
    rows: List[Dict[str, Any]] = json.loads(run.stdout)["results"]
    return rows


class Matching(unittest.TestCase):
    def test_result_and_shapes(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            found = matcher.match([DOG, SUNSET], TEXTS)
            for array in (found.cosine, found.score, found.share, found.bands):
                self.assertEqual(array.shape, (2, len(TEXTS)))
            self.assertIsNone(found.match)
            np.testing.assert_allclose(found.share.sum(axis=1), 1, rtol=1e-6)
            self.assertEqual(matcher.match(DOG, "a dog").cosine.shape, (1, 1))
            self.assertEqual(matcher.match([], TEXTS).cosine.shape, (0, len(TEXTS)))
            self.assertEqual(matcher.match(DOG, []).cosine.shape, (1, 0))

    def test_similarity(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            instruction = matcher.model.info.match_instruction
            pictures = matcher.embed_images([DOG, SUNSET])
            texts = matcher.embed_texts(TEXTS, instruction)
            cosine = matcher.match([DOG, SUNSET], TEXTS).cosine
            np.testing.assert_allclose(matcher.similarity(pictures, texts), cosine, atol=1e-6)
            np.testing.assert_allclose(matcher.similarity(3 * pictures, texts), cosine, atol=1e-6)
            zero = np.zeros(matcher.model.dimension)
            np.testing.assert_array_equal(matcher.similarity(zero, texts), np.zeros((1, len(TEXTS))))
            self.assertEqual(matcher.embed_pairs([DOG], ["a dog"]).shape, (1, matcher.model.dimension))
            with self.assertRaises(ValueError):
                matcher.embed_pairs([DOG], TEXTS)

    def test_many_arrays(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            arrays = np.zeros((2, 40, 50, 3), np.uint8)
            self.assertEqual(len(matcher.embed_images(arrays)), 2)
            self.assertEqual(len(matcher.embed_images(arrays[0])), 1)

    def test_profile_of_another_instruction(self) -> None:
        with tuwen.Matcher(tuwen.demo_model(), profile=PROFILE) as matcher:
            with self.assertRaises(tuwen.Error) as caught:
                matcher.match(DOG, TEXTS, instruction="another")
            self.assertEqual(caught.exception.status, "INVALID_ARGUMENT")

    def test_model_that_is_given_stays_open(self) -> None:
        with tuwen.Model(tuwen.demo_model()) as model:
            with tuwen.Matcher(model) as matcher:
                matcher.embed_texts(["a"])
            with tuwen.Session(model) as session:
                session.embed(["a"])

    def test_as_the_program(self) -> None:
        for profile in (False, True):
            with self.subTest(profile=profile):
                rows = judged(profile)
                with tuwen.Matcher(tuwen.demo_model(), profile=PROFILE if profile else None) as matcher:
                    found = matcher.match(Path(DOG), TEXTS)
                self.assertEqual(len(rows), len(TEXTS))
                for row in rows:
                    place = row["index"]
                    self.assertEqual(row["text"], TEXTS[place])
                    self.assertAlmostEqual(row["cosine"], found.cosine[0, place], places=5)
                    self.assertAlmostEqual(row["score"], found.score[0, place], places=5)
                    self.assertEqual(row["band"], found.bands[0, place].replace(" ", "_"))
                    self.assertAlmostEqual(row["share"], found.share[0, place], places=5)
                    self.assertEqual(row["match"] is not None, profile)
                    if found.match is not None:
                        self.assertAlmostEqual(row["match"], found.match[0, place], places=5)


if __name__ == "__main__":
    unittest.main()
