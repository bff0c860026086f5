# SPDX-License-Identifier: Apache-2.0
"""What is refused, and how it is said."""

from __future__ import annotations

import os
import tempfile
import unittest
from typing import Any, Dict, List
from unittest import mock

import numpy as np

import tuwen

from support import DOG, Item


class Errors(unittest.TestCase):
    model: tuwen.Model
    session: tuwen.Session

    @classmethod
    def setUpClass(cls) -> None:
        cls.model = tuwen.Model(tuwen.demo_model())
        cls.session = tuwen.Session(cls.model)

    def refused(self, kind: type, status: str, item: Any) -> str:
        with self.assertRaises(tuwen.Error) as caught:
            self.session.embed([tuwen.Input(image=item)])
        self.assertIsInstance(caught.exception, kind)
        self.assertEqual(caught.exception.status, status)
        return str(caught.exception)

    def test_pictures(self) -> None:
        self.assertIn("nowhere.jpg", self.refused(FileNotFoundError, "NOT_FOUND", "nowhere.jpg"))
        self.assertIn("known format", self.refused(ValueError, "BAD_IMAGE", b"no picture"))
        self.refused(OSError, "IO", tuwen.demo_model())
        self.refused(FileNotFoundError, "NOT_FOUND", "a\0b")
        self.refused(ValueError, "BAD_IMAGE", "data:image/png;base64,????")
        self.refused(ValueError, "BAD_IMAGE", "data:image/png")
        self.refused(ValueError, "BAD_IMAGE", "data:,text")

    def test_forms_that_are_no_picture(self) -> None:
        wrong: List[Any] = [np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4, 3), np.uint8), 7, int]
        for form in wrong:
            with self.subTest(form=form), self.assertRaises((TypeError, ValueError)):
                self.session.embed([tuwen.Input(image=form)])
        items: List[Any] = [7, b"bytes", ("a", "b")]
        for item in items:
            with self.subTest(item=item), self.assertRaises(TypeError):
                self.session.embed([item])

    def test_others_are_computed(self) -> None:
        inputs: List[Item] = ["a dog", tuwen.Input(image="nowhere.jpg"), tuwen.Input(image=b"x"), tuwen.Input(image=DOG)]
        vectors, outputs = self.session.embed(inputs, return_outputs=True)
        self.assertEqual([output.status for output in outputs], ["OK", "NOT_FOUND", "BAD_IMAGE", "OK"])
        np.testing.assert_array_equal(vectors[[0, 3]], self.session.embed([inputs[0], inputs[3]]))
        self.assertFalse(vectors[1:3].any())
        self.assertEqual([bool(output.message) for output in outputs], [False, True, True, False])
        self.assertGreater(outputs[3].image_tokens, 0)

    def test_an_input_of_nothing(self) -> None:
        with self.assertRaises(tuwen.Error) as caught:
            self.session.embed([tuwen.Input()])
        self.assertEqual(caught.exception.status, "INVALID_ARGUMENT")

    def test_models(self) -> None:
        with self.assertRaises(FileNotFoundError):
            tuwen.Model("/nowhere")
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(tuwen.Error):
                tuwen.Model(folder)
        with self.assertRaises(ValueError):
            tuwen.Model(tuwen.demo_model(), precision="f64")
        with self.assertRaises(ValueError) as caught:
            tuwen.Model(tuwen.demo_model(), isa="none")
        self.assertEqual(getattr(caught.exception, "status"), "INVALID_ARGUMENT")

    def test_which_model(self) -> None:
        with mock.patch.dict(os.environ, {"TUWEN_MODEL": "/nowhere"}), self.assertRaises(FileNotFoundError):
            tuwen.Model()
        with mock.patch.dict(os.environ):
            os.environ.pop("TUWEN_MODEL", None)
            with tuwen.Model() as model:
                self.assertEqual(model.path, tuwen.demo_model())
                self.assertEqual(model.info.dimension, model.dimension)
                self.assertEqual(model.info.name, "tuwen-demo")

    def test_sessions_and_profiles(self) -> None:
        wrong: List[Dict[str, Any]] = [{"image_tokens": (9, 4)}, {"max_length": -1}, {"image_tokens": (0, 99999)}]
        for options in wrong:
            with self.subTest(options=options), self.assertRaises(tuwen.Error):
                tuwen.Session(self.model, **options)
            with self.subTest(options=options), self.assertRaises(tuwen.Error):
                tuwen.Matcher(self.model, **options)
        with self.assertRaises(FileNotFoundError):
            tuwen.Profile("/nowhere")
        with self.assertRaises(ValueError):
            tuwen.Profile(os.path.join(tuwen.demo_model(), "config.json"))
        with self.assertRaises(ValueError):
            self.session.embed(["a"], batch_size=0)

    def test_limits(self) -> None:
        with tuwen.Session(self.model, max_picture_bytes=1000) as session, self.assertRaises(tuwen.Error) as caught:
            session.embed([tuwen.Input(image=DOG)])
        self.assertEqual(caught.exception.status, "LIMIT")

    def test_a_callback_that_raises(self) -> None:
        def progress(done: int, total: int) -> None:
            raise KeyError("mine")

        with self.assertRaises(KeyError):
            self.session.embed(["a", "b"], batch_size=1, progress=progress)
        self.session.embed(["a"])


if __name__ == "__main__":
    unittest.main()
