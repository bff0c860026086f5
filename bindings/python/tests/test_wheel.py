# SPDX-License-Identifier: Apache-2.0
"""What the wheel says of itself: licences that are there, a description that leads nowhere else."""

from __future__ import annotations

import importlib.metadata
import unittest

import tuwen


class Wheel(unittest.TestCase):
    wheel: importlib.metadata.Distribution

    @classmethod
    def setUpClass(cls) -> None:
        try:
            cls.wheel = importlib.metadata.distribution("tuwen")
        except importlib.metadata.PackageNotFoundError:
            raise unittest.SkipTest("the package was not installed by pip") from None

    def test_licences(self) -> None:
        files = {path.as_posix(): path for path in self.wheel.files or ()}
        named = self.wheel.metadata.get_all("License-File") or []
        self.assertIn("LICENSE", named)
        for name in named:
            (path,) = (path for text, path in files.items() if text.endswith(f".dist-info/licenses/{name}"))
            self.assertTrue(path.read_text(encoding="utf-8").strip(), name)
        bundled = any(text.startswith("tuwen.libs/") for text in files)
        expression = self.wheel.metadata["License-Expression"].split(" AND ")
        self.assertEqual((expression[0], "LicenseRef-libraries" in expression), ("Apache-2.0", bundled))

    def test_description(self) -> None:
        self.assertEqual(self.wheel.version, tuwen.__version__)
        text = self.wheel.metadata.get_payload()  # type: ignore[attr-defined]
        self.assertIn("tuwen.Matcher()", text)
        self.assertNotRegex(text, r"\]\((?!https://)")
        self.assertEqual(self.wheel.metadata.get_all("Requires-Dist"), ["numpy>=1.22"])


if __name__ == "__main__":
    unittest.main()
