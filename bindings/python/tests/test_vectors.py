# SPDX-License-Identifier: Apache-2.0
"""Vectors are those of the program, bit for bit, in whatever form a picture comes."""

from __future__ import annotations

import base64
import io
import unittest
from pathlib import Path
from typing import Any, List

import numpy as np
from PIL import Image

import tuwen

from support import DOG, SUNSET, TEXTS, Item, all_pictures, program


class Vectors(unittest.TestCase):
    model: tuwen.Model
    session: tuwen.Session

    @classmethod
    def setUpClass(cls) -> None:
        cls.model = tuwen.Model(tuwen.demo_model())
        cls.session = tuwen.Session(cls.model)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.session.close()
        cls.model.close()

    def test_texts_as_the_program(self) -> None:
        options = [option for text in TEXTS for option in ("--text", text)]
        np.testing.assert_array_equal(self.session.embed(TEXTS), program(*options))

    def test_instruction_as_the_program(self) -> None:
        options = [option for text in TEXTS for option in ("--text", text)]
        instruction = self.model.info.match_instruction
        assert instruction is not None
        expected = program("--instruction", instruction, *options)
        np.testing.assert_array_equal(self.session.embed(TEXTS, instruction=instruction), expected)
        own = [tuwen.Input(text, instruction=instruction) for text in TEXTS]
        np.testing.assert_array_equal(self.session.embed(own, instruction="something else"), expected)

    def test_pictures_as_the_program(self) -> None:
        options = [option for path in all_pictures() for option in ("--image", path)]
        inputs = [tuwen.Input(image=path) for path in all_pictures()]
        np.testing.assert_array_equal(self.session.embed(inputs), program(*options))

    def test_both_as_the_program(self) -> None:
        expected = program("--fuse", "--image", DOG, "--text", "a dog")
        np.testing.assert_array_equal(self.session.embed(tuwen.Input("a dog", DOG)), expected)

    def test_options_as_the_program(self) -> None:
        with tuwen.Session(self.model, image_tokens=(4, 9), max_length=40) as session:
            self.assertEqual((session.image_tokens, session.max_length), ((4, 9), 40))
            self.assertNotEqual(session.fingerprint, self.session.fingerprint)
            inputs: List[Item] = [tuwen.Input(image=SUNSET), "a long text that is cut " * 10]
            vectors, outputs = session.embed(inputs, return_outputs=True)
        options = ("--image-tokens", "4..9", "--max-length", "40", "--image", SUNSET, "--text", str(inputs[1]))
        np.testing.assert_array_equal(vectors, program(*options))
        self.assertEqual([output.truncated for output in outputs], [False, True])

    def test_rows_have_length_one(self) -> None:
        vectors = self.session.embed(TEXTS)
        self.assertEqual((vectors.dtype, vectors.shape), (np.float32, (len(TEXTS), self.model.dimension)))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
        self.assertTrue(vectors.flags.writeable)

    def test_batches_change_nothing(self) -> None:
        inputs: List[Item] = [*TEXTS, *(tuwen.Input(image=path) for path in all_pictures())]
        whole = self.session.embed(inputs, batch_size=100)
        np.testing.assert_array_equal(self.session.embed(inputs, batch_size=1), whole)
        np.testing.assert_array_equal(self.session.embed(iter(inputs)), whole)
        self.assertEqual(self.session.embed([]).shape, (0, self.model.dimension))

    def test_forms_of_a_file(self) -> None:
        data = Path(DOG).read_bytes()
        url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
        forms: List[Any] = [DOG, Path(DOG), data, bytearray(data), memoryview(data), url]
        vectors = self.session.embed([tuwen.Input(image=form) for form in forms])
        np.testing.assert_array_equal(vectors, np.tile(vectors[0], (len(forms), 1)))

    def test_pixels_of_every_picture(self) -> None:
        for path in all_pictures():
            with self.subTest(path=path), Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"))
                alpha = np.dstack([pixels, np.full(pixels.shape[:2], 77, np.uint8)])
                forms: List[Any] = [path, image, pixels, alpha, np.asfortranarray(pixels), pixels[:, ::-1][:, ::-1]]
                vectors = self.session.embed([tuwen.Input(image=form) for form in forms])
                np.testing.assert_array_equal(vectors, np.tile(vectors[0], (len(forms), 1)))

    def test_pixels_of_every_mode(self) -> None:
        with Image.open(SUNSET) as image:
            base = image.convert("RGB").resize((101, 67))
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
            picture = base.convert(mode) if mode != "I;16" else Image.fromarray(
                np.asarray(base.convert("L")).astype(np.uint16) * 3
            )
            file = io.BytesIO()
            picture.save(file, "PNG")
            with self.subTest(mode=mode):
                inputs = [tuwen.Input(image=file.getvalue()), tuwen.Input(image=picture)]
                vectors = self.session.embed(inputs)
                np.testing.assert_array_equal(vectors[0], vectors[1])

    def test_gray_pixels(self) -> None:
        gray = np.arange(90 * 70, dtype=np.uint8).reshape(70, 90)
        vectors = self.session.embed([tuwen.Input(image=gray), tuwen.Input(image=np.dstack([gray] * 3))])
        np.testing.assert_array_equal(vectors[0], vectors[1])

    def test_exif_orientation(self) -> None:
        with Image.open(DOG) as image:
            for orientation in range(1, 9):
                exif = Image.Exif()
                exif[0x0112] = orientation
                file = io.BytesIO()
                image.resize((120, 80)).save(file, "PNG", exif=exif)
                inputs = [tuwen.Input(image=file.getvalue()), tuwen.Input(image=Image.open(file))]
                with self.subTest(orientation=orientation):
                    vectors, outputs = self.session.embed(inputs, return_outputs=True)
                    np.testing.assert_array_equal(vectors[0], vectors[1])
                    width = 80 if orientation > 4 else 120
                    self.assertEqual([output.picture_width for output in outputs], [width, width])
                with tuwen.Session(self.model, exif=False) as plain:
                    vectors, outputs = plain.embed(inputs, return_outputs=True)
                    np.testing.assert_array_equal(vectors[0], vectors[1])
                    self.assertEqual([output.picture_width for output in outputs], [120, 120])

    def test_text_that_is_none(self) -> None:
        vectors = self.session.embed(["a \ud800 dog", "a \ufffd dog"])
        np.testing.assert_array_equal(vectors[0], vectors[1])

    def test_progress(self) -> None:
        told = []
        self.session.embed(TEXTS, batch_size=3, progress=lambda done, total: told.append((done, total)))
        self.assertEqual(told, [(3, 4), (4, 4)])
        self.session.embed(TEXTS, progress=True)


if __name__ == "__main__":
    unittest.main()
