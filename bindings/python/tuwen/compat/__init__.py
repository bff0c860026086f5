# SPDX-License-Identifier: Apache-2.0
"""Classes with the names, arguments and results of the programs that people use GME with today, without torch.

============================================  ================================================================
here                                          in place of
============================================  ================================================================
``tuwen.compat.image_text_matcher``           the ``ImageTextMatcher`` of tutorials (``image_text_matcher.py``)
``tuwen.compat.gme``                          GME's own ``GmeQwen2VL`` (``gme_inference.py``, ``AutoModel``)
``tuwen.compat.sentence_transformers``        ``sentence_transformers.SentenceTransformer`` with a GME checkpoint
============================================  ================================================================

They compute what the originals compute: EXIF orientation is ignored, and special tokens in texts are live, as there.
"""
