# SPDX-License-Identifier: Apache-2.0
"""Opening and closing in any order, and memory."""

from __future__ import annotations

import gc
import os
import pickle
import unittest
import weakref
from typing import Any

import numpy as np

import tuwen

from support import DOG


def resident() -> int:
    """Bytes of this process's own memory."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        sizes = dict(line.split(":", 1) for line in file if line.count(":") == 1)
    return 1024 * int(sizes["Anonymous"].split()[0])


class Lifetime(unittest.TestCase):
    def test_session_after_model(self) -> None:
        model = tuwen.Model(tuwen.demo_model())
        session = tuwen.Session(model)
        expected = session.embed(["a"])
        model.close()
        model.close()
        np.testing.assert_array_equal(session.embed(["a"]), expected)
        with self.assertRaises(tuwen.Error):
            tuwen.Session(model)
        session.close()
        session.close()
        with self.assertRaises(tuwen.Error):
            session.embed(["a"])
        session.cancel()

    def test_model_forgotten_before_session(self) -> None:
        session = tuwen.Session(tuwen.Model(tuwen.demo_model()))
        gc.collect()
        self.assertEqual(session.embed(["a"]).shape[0], 1)

    def test_closed_by_with(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            pass
        with self.assertRaises(tuwen.Error):
            matcher.embed_texts(["a"])
        with self.assertRaises(tuwen.Error):
            matcher.match(DOG, ["a"])
        matcher.close()

    def test_cycles(self) -> None:
        class Cyclic(tuwen.Matcher):
            pass

        matcher = Cyclic(tuwen.demo_model())
        setattr(matcher, "itself", matcher)
        matcher.embed_texts(["a"])
        gone = weakref.ref(matcher)
        del matcher
        gc.collect()
        self.assertIsNone(gone())

    def test_subclasses(self) -> None:
        class Shouting(tuwen.Matcher):
            def embed_texts(self, texts: Any, *arguments: Any, **options: Any) -> Any:
                return super().embed_texts([text.upper() for text in texts], *arguments, **options)

        with Shouting(tuwen.demo_model()) as matcher:
            np.testing.assert_array_equal(matcher.embed_texts(["dog"]), matcher.session.embed(["DOG"]))

    def test_failed_openings_leave_nothing(self) -> None:
        with tuwen.Model(tuwen.demo_model()) as model:
            for _ in range(100):
                with self.assertRaises(tuwen.Error):
                    tuwen.Session(model, max_length=-1)

    def test_values_can_be_pickled(self) -> None:
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            for value in (matcher.model.info, tuwen.Input("a", DOG), matcher.match(DOG, ["a"])):
                self.assertEqual(repr(pickle.loads(pickle.dumps(value))), repr(value))
            with self.assertRaises(TypeError):
                pickle.dumps(matcher)

    def test_memory_is_stable(self) -> None:
        calls = int(os.environ.get("TUWEN_TEST_CALLS", "10000"))
        picture = np.zeros((60, 40, 3), np.uint8)
        with tuwen.Matcher(tuwen.demo_model()) as matcher:

            def run(count: int) -> None:
                for number in range(count):
                    matcher.session.embed(["a", tuwen.Input(image=b"x")], return_outputs=True)
                    if number % 100 == 0:
                        matcher.match(picture, ["a dog", "a cat"])

            run(calls // 10)
            gc.collect()
            before = resident()
            run(calls)
            gc.collect()
            self.assertLess(resident() - before, 1 << 20)

    def test_models_come_and_go(self) -> None:
        def run() -> None:
            with tuwen.Matcher(tuwen.demo_model()) as matcher:
                matcher.embed_texts(["a"])

        for _ in range(5):
            run()
        before = resident()
        for _ in range(20):
            run()
        self.assertLess(resident() - before, 8 << 20)


if __name__ == "__main__":
    unittest.main()
