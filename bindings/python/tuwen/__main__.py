# SPDX-License-Identifier: Apache-2.0
"""The command ``tuwen``, also ``python -m tuwen``: becomes the program that lies in the folder ``bin`` of the package."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "tuwen")
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and the program would go on to
        signal.signal(number, signal.SIG_DFL)
    os.execv(program, ["tuwen", *sys.argv[1:]])


if __name__ == "__main__":
    main()
