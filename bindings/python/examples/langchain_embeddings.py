# SPDX-License-Identifier: Apache-2.0
"""LangChain: the embeddings of any vector store, for texts or for pictures by their paths. Wants langchain-core.

python langchain_embeddings.py FOLDER "a dog"
"""

from __future__ import annotations

import sys
from pathlib import Path

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore

import tuwen


class TuwenEmbeddings(Embeddings):
    """``pictures``: documents are paths of pictures, and queries look for pictures; else both are texts."""

    def __init__(self, matcher: tuwen.Matcher, pictures: bool = False) -> None:
        self.matcher = matcher
        self.pictures = pictures

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        embed = self.matcher.embed_images if self.pictures else self.matcher.embed_texts
        vectors: list[list[float]] = embed(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        instruction = self.matcher.model.info.match_instruction if self.pictures else None
        vector: list[float] = self.matcher.embed_texts([text], instruction)[0].tolist()
        return vector


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with tuwen.Matcher() as matcher:
        store = InMemoryVectorStore(TuwenEmbeddings(matcher, pictures=True))
        kinds = (".gif", ".jpg", ".png", ".tiff", ".webp")
        paths = sorted(path for path in Path(sys.argv[1]).iterdir() if path.suffix in kinds)
        store.add_texts([str(path) for path in paths])
        for document, score in store.similarity_search_with_score(sys.argv[2], k=3):
            print(f"{score:.4f} {document.page_content}")
