# SPDX-License-Identifier: Apache-2.0
"""The Matcher says what the program says."""

from __future__ import annotations

import io
import json
import os
import pickle
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
            self.assertIsNotNone(found.match)  # by the checkpoint's own profile
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

    def test_own_profile(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            self.assertIsNone(matcher.match(DOG, TEXTS, instruction="another").match)
        with tuwen.Matcher(tuwen.demo_model(), exif=False) as matcher:  # another space
            self.assertIsNone(matcher.match(DOG, TEXTS).match)
        wrong: Any = 3
        with self.assertRaises(TypeError):
            tuwen.Matcher(tuwen.demo_model(), profile=wrong)

    def test_similarity_of_any_numbers(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            for scale in (1e-30, 1e-3, 5e37):
                a = np.array([[3, 4], [0, 1]], np.float32) * np.float32(scale)
                np.testing.assert_allclose(matcher.similarity(a, a), [[1, 0.8], [0.8, 1]], rtol=1e-6)
            self.assertTrue(np.isnan(matcher.similarity([[np.nan, 1]], [[1, 1]])).all())
            with self.assertRaises(ValueError):
                matcher.similarity(np.zeros((2, 2, 2)), [[1, 1]])

    def test_forms_of_pictures(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher, open(DOG, "rb") as file:
            np.testing.assert_array_equal(matcher.embed_images(file), matcher.embed_images([DOG]))
            file.seek(0)
            np.testing.assert_array_equal(matcher.embed_images([io.BytesIO(file.read())]), matcher.embed_images(DOG))
            grey = np.arange(40 * 50, dtype=np.uint8).reshape(40, 50)
            for same in (grey[:, :, np.newaxis], np.repeat(grey[:, :, np.newaxis], 3, axis=2)):
                np.testing.assert_array_equal(matcher.embed_images([same]), matcher.embed_images([grey]))

    def test_wrong_types_are_told(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            calls: List[Any] = [
                lambda value: matcher.match(DOG, value),
                lambda value: matcher.match(value, TEXTS),
                lambda value: matcher.embed_texts(value),
                lambda value: matcher.embed_texts([value]),
                lambda value: matcher.embed_texts(["a"], progress=value),
                lambda value: matcher.embed_texts(["a"], batch_size=value),
            ]
            for number, call in enumerate(calls):
                with self.subTest(call=number), self.assertRaisesRegex(TypeError, "not|wanted"):
                    call(3.5)

    def test_a_callback_may_call(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            seen: List[int] = []
            matcher.embed_texts(["a", "b"], batch_size=1, progress=lambda *_: seen.append(len(matcher.embed_texts("c"))))
            self.assertEqual(seen, [1, 1])

    def test_it_stays_in_its_process(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            for thing in (matcher, matcher.session, matcher.model):
                with self.assertRaisesRegex(TypeError, "cannot be pickled or copied"):
                    pickle.dumps(thing)

    def test_model_that_is_given_stays_open(self) -> None:
        with tuwen.Model(tuwen.demo_model()) as model:
            with tuwen.Matcher(model) as matcher:
                matcher.embed_texts(["a"])
            with tuwen.Session(model) as session:
                session.embed(["a"])

    def test_as_the_program(self) -> None:
        profiles: List[Any] = [False, None, PROFILE, Path(PROFILE), tuwen.Profile(PROFILE)]
        for profile in profiles:
            with self.subTest(profile=profile):
                rows = judged(profile is not False)
                with tuwen.Matcher(tuwen.demo_model(), profile=profile) as matcher:
                    found = matcher.match(Path(DOG), TEXTS)
                self.assertEqual(len(rows), len(TEXTS))
                for row in rows:
                    place = row["index"]
                    self.assertEqual(row["text"], TEXTS[place])
                    self.assertAlmostEqual(row["cosine"], found.cosine[0, place], places=5)
                    self.assertAlmostEqual(row["score"], found.score[0, place], places=5)
                    self.assertEqual(row["band"], found.bands[0, place].replace(" ", "_"))
                    self.assertAlmostEqual(row["share"], found.share[0, place], places=5)
                    self.assertEqual(row["match"] is not None, profile is not False)
                    if found.match is not None:
                        self.assertAlmostEqual(row["match"], found.match[0, place], places=5)


if __name__ == "__main__":
    unittest.main()
