# SPDX-License-Identifier: Apache-2.0
"""So that ``from image_text_matcher import ImageTextMatcher`` finds tuwen's."""

from tuwen.compat.image_text_matcher import ImageTextMatcher, batch_process

__all__ = ["ImageTextMatcher", "batch_process"]
