# SPDX-License-Identifier: Apache-2.0
"""What is refused, and how it is said."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
import tracemalloc
import unittest
from typing import Any, Dict, List
from unittest import mock

import numpy as np

import tuwen
from tuwen import _tuwen

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
        self.assertIn("inputs[2]", outputs[2].message)
        numbers: Any = np.zeros((4, 4, 3))
        wrong: List[Any] = [tuwen.Input(image=numbers), 7, "a dog"]
        _, told = self.session.embed(wrong, return_outputs=True)
        self.assertEqual([output.status for output in told], ["INVALID_ARGUMENT", "INVALID_ARGUMENT", "OK"])
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

    def test_names_and_the_default(self) -> None:
        with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {"XDG_DATA_HOME": home}):
            os.environ.pop("TUWEN_MODEL", None)
            store = os.path.join(home, "tuwen", "models")
            os.makedirs(store)
            os.symlink(tuwen.demo_model(), os.path.join(store, "mine"))
            self.assertEqual(tuwen.Model("mine").info.name, "tuwen-demo")
            os.environ["TUWEN_MODEL"] = "mine"
            self.assertEqual(tuwen.Model().path, os.path.join(store, "mine"))
            os.environ["TUWEN_MODEL"] = "yours"
            with self.assertRaisesRegex(FileNotFoundError, "TUWEN_MODEL is 'yours'"):
                tuwen.Model()
            del os.environ["TUWEN_MODEL"]
            os.symlink("mine", os.path.join(store, "default"))
            self.assertEqual(os.path.realpath(tuwen.Model().path), os.path.realpath(tuwen.demo_model()))
            os.remove(os.path.join(store, "mine"))
            with self.assertRaisesRegex(FileNotFoundError, "not there any more"):
                tuwen.Model()

    def test_sessions_and_profiles(self) -> None:
        wrong: List[Dict[str, Any]] = [{"image_tokens": (9, 4)}, {"max_length": -1}, {"image_tokens": (0, 99999)}]
        wrong += [{"max_picture_bytes": -1}, {"max_picture_seconds": float("nan")}, {"max_picture_seconds": -1}]
        for options in wrong:
            with self.subTest(options=options), self.assertRaises(tuwen.Error):
                tuwen.Session(self.model, **options)
            with self.subTest(options=options), self.assertRaises(tuwen.Error):
                tuwen.Matcher(self.model, **options)
        kinds: List[Dict[str, Any]] = [{"image_tokens": 5}, {"max_length": "9"}, {"max_length": 1.5}]
        for options in kinds:
            with self.subTest(options=options), self.assertRaises(TypeError):
                tuwen.Session(self.model, **options)
        others: List[Any] = ["path", None, mock.Mock(_handle=3, dimension=4)]
        for other in others:
            with self.subTest(model=other), self.assertRaises(TypeError):
                tuwen.Session(other)
        with self.assertRaises(TypeError):
            _tuwen.Session(others[2], 0, 0, 0, False, False, 0, 0, 0)
        for open_it in (tuwen.Model, tuwen.Profile):
            with self.assertRaises(FileNotFoundError) as caught:
                open_it(tuwen.demo_model() + "\0x")
            self.assertEqual(caught.exception.errno, errno.ENOENT)
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

    def test_limits_come_before_memory(self) -> None:
        huge = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (100000, 100000, 3))
        pictures: List[Any] = ["/dev/zero", open("/dev/zero", "rb"), huge]
        tracemalloc.start()
        try:
            for picture in pictures:
                with self.subTest(picture=picture), tuwen.Session(self.model, max_picture_bytes=1 << 20) as session:
                    with self.assertRaises(tuwen.LimitError):
                        session.embed([tuwen.Input(image=picture)])
            self.assertLess(tracemalloc.get_traced_memory()[1], 16 << 20)
        finally:
            tracemalloc.stop()
            pictures[1].close()

    def test_a_named_pipe_is_opened_once(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pipe = os.path.join(folder, "pipe")
            os.mkfifo(pipe)
            with open(DOG, "rb") as file:
                picture = file.read()

            def write() -> None:
                with open(pipe, "wb") as end:
                    end.write(picture)

            writer = threading.Thread(target=write)
            writer.start()
            vectors = self.session.embed([tuwen.Input(image=pipe)])
            writer.join()
            np.testing.assert_array_equal(vectors, self.session.embed([tuwen.Input(image=DOG)]))

    def test_a_callback_that_raises(self) -> None:
        def progress(done: int, total: int) -> None:
            raise KeyError("mine")

        with self.assertRaises(KeyError):
            self.session.embed(["a", "b"], batch_size=1, progress=progress)
        self.session.embed(["a"])


if __name__ == "__main__":
    unittest.main()
