# SPDX-License-Identifier: Apache-2.0
"""Threads, forks, Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List, Optional

import numpy as np

import tuwen

from support import DOG, LONG, TEXTS, Item

INPUTS: List[Item] = [*TEXTS, tuwen.Input(image=DOG)] * 4
matcher: Optional[tuwen.Matcher] = None


def of_the_parent(answers: Any) -> None:
    assert matcher is not None
    try:
        answers.send(matcher.embed(INPUTS))
    except tuwen.Error as error:
        answers.send(error.status)


def of_its_own(answers: Any) -> None:
    try:
        with tuwen.Matcher(tuwen.demo_model()) as own:
            answers.send(own.embed(INPUTS))
    except tuwen.Error as error:
        answers.send(error.status)


def child(method: str, work: Any) -> Any:
    """What `work` answers in a new process."""
    context: Any = multiprocessing.get_context(method)
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(there,))
    process.start()
    there.close()  # so that a child that dies is noticed
    answer = here.recv()
    process.join()
    assert process.exitcode == 0
    return answer


def wait_until_busy(session: tuwen.Session) -> None:
    while not session.busy:
        os.sched_yield()


class Background:
    """A session that computes on another thread, for longer than any test."""

    def __init__(self, model: tuwen.Model) -> None:
        self.session = tuwen.Session(model)
        self.error: Optional[tuwen.Error] = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.session.embed(LONG, batch_size=len(LONG))
        except tuwen.Error as error:
            self.error = error

    def __enter__(self) -> Background:
        self._thread.start()
        wait_until_busy(self.session)
        return self

    def __exit__(self, *failure: object) -> None:
        self.session.cancel()
        self._thread.join()


class Threads(unittest.TestCase):
    model: tuwen.Model
    expected: Any

    @classmethod
    def setUpClass(cls) -> None:
        global matcher
        cls.model = tuwen.Model(tuwen.demo_model())
        matcher = tuwen.Matcher(cls.model)
        cls.expected = matcher.embed(INPUTS)

    def test_a_session_for_each(self) -> None:
        def work(_: int) -> Any:
            with tuwen.Session(self.model) as session:
                return [session.embed(INPUTS) for _ in range(3)]

        with ThreadPoolExecutor(4) as pool:
            for results in pool.map(work, range(4)):
                for vectors in results:
                    np.testing.assert_array_equal(vectors, self.expected)

    def test_one_matcher_for_all(self) -> None:
        assert matcher is not None
        with ThreadPoolExecutor(4) as pool:
            for vectors in pool.map(matcher.embed, [INPUTS] * 8):
                np.testing.assert_array_equal(vectors, self.expected)

    def test_one_session_for_two(self) -> None:
        with Background(self.model) as other:
            for call in (lambda: other.session.embed(["a"]), other.session.close):
                with self.assertRaises(tuwen.Error) as caught:
                    call()
                self.assertIn("another thread", str(caught.exception))
        assert other.error is not None
        self.assertEqual(other.error.status, "CANCELLED")
        self.assertEqual(other.session.embed(["a"]).shape, (1, self.model.dimension))

    def test_spawn(self) -> None:
        np.testing.assert_array_equal(child("spawn", of_its_own), self.expected)

    def test_fork(self) -> None:
        for work in (of_the_parent, of_its_own):
            with self.subTest(work=work.__name__):
                np.testing.assert_array_equal(child("fork", work), self.expected)
                assert matcher is not None
                np.testing.assert_array_equal(matcher.embed(INPUTS), self.expected)

    def test_fork_from_a_thread(self) -> None:
        answers: List[Any] = []
        thread = threading.Thread(target=lambda: answers.append(child("fork", of_the_parent)))
        thread.start()
        thread.join()
        np.testing.assert_array_equal(answers[0], self.expected)

    def test_fork_while_another_thread_computes(self) -> None:
        with Background(self.model):
            self.assertEqual(child("fork", of_the_parent), "UNSUPPORTED")
            self.assertEqual(child("fork", of_its_own), "UNSUPPORTED")
            np.testing.assert_array_equal(child("spawn", of_its_own), self.expected)


    def test_fork_while_the_matcher_computes(self) -> None:
        """The child is refused; it does not wait for a thread that it has not."""
        assert matcher is not None
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(matcher.embed, LONG)
            wait_until_busy(matcher.session)
            self.assertEqual(child("fork", of_the_parent), "UNSUPPORTED")
            matcher.session.cancel()
            self.assertIsInstance(other.exception(), tuwen.CancelledError)
        np.testing.assert_array_equal(matcher.embed(INPUTS), self.expected)


class Interrupts(unittest.TestCase):
    def setUp(self) -> None:
        self.session = tuwen.Session(tuwen.Model(tuwen.demo_model()))
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))

    def while_computing(self, act: Callable[[], object], texts: List[str]) -> Any:
        """The vectors of texts, computed again until another thread, which looks for a running call, has acted."""

        def run() -> None:
            wait_until_busy(self.session)
            act()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            while True:
                vectors = self.session.embed(texts, batch_size=len(texts))
                if not thread.is_alive():
                    return vectors
        finally:
            thread.join()

    def interrupt(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def test_keyboard_interrupt(self) -> None:
        handler = signal.default_int_handler
        signal.signal(signal.SIGINT, handler)
        with self.assertRaises(KeyboardInterrupt):
            self.while_computing(self.interrupt, LONG)
        self.assertIs(signal.getsignal(signal.SIGINT), handler)
        self.assertEqual(self.session.embed(["a"]).shape[0], 1)
        with self.assertRaises(KeyboardInterrupt):  # also outside a computation
            self.interrupt()

    def test_a_handler_that_returns(self) -> None:
        """The call goes on, and is none the worse for it."""
        seen: List[int] = []
        signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
        texts = TEXTS * 20
        vectors = self.while_computing(self.interrupt, texts)
        np.testing.assert_array_equal(vectors, self.session.embed(texts))
        self.assertEqual(seen, [signal.SIGINT])

    def test_interrupts_that_are_ignored(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.assertEqual(len(self.while_computing(self.interrupt, TEXTS)), len(TEXTS))

    def test_a_call_of_another_thread_goes_on(self) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        model = tuwen.Model(tuwen.demo_model())
        with Background(model) as other:
            with self.assertRaises(KeyboardInterrupt):
                self.interrupt()
            self.assertTrue(other.session.busy)

    def test_cancel(self) -> None:
        with self.assertRaises(tuwen.Error) as caught:
            self.while_computing(self.session.cancel, LONG)
        self.assertEqual(caught.exception.status, "CANCELLED")
        self.assertEqual(self.session.embed(["a"]).shape[0], 1)


if __name__ == "__main__":
    unittest.main()
