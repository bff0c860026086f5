# SPDX-License-Identifier: Apache-2.0
"""Drives the packages that people already have against a running server, with nothing but the base address changed.

    pip install openai cohere voyageai ollama
    tuwen serve -m models/demo --listen 127.0.0.1:7860
    python tools/clients/conform.py http://127.0.0.1:7860 build/tuwen models/demo

What they return is compared with `tuwen embed` and `tuwen match`. No part of the build or of its tests.
"""
import base64
import importlib.metadata
import json
import math
import subprocess
import sys
import traceback

url, tuwen, model = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
photo = model + "/pictures/dog.jpg"
drawing = model + "/pictures/house-and-tree.png"
FIND = "Find an image that matches the given text."
KEY = "none-is-needed-here"


def lines(*arguments):
    out = subprocess.run([tuwen, *arguments], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def embed(*arguments):
    return [line["embedding"] for line in lines("embed", "-q", "-m", model, *arguments)]


def data_url(path):
    kind = "jpeg" if path.endswith("jpg") else "png"
    with open(path, "rb") as file:
        return f"data:image/{kind};base64," + base64.b64encode(file.read()).decode()


def float32(number):
    import struct

    return struct.unpack("<f", struct.pack("<f", number))[0]


def same(got, wanted):
    assert len(got) == len(wanted), f"{len(got)} vectors, not {len(wanted)}"
    for left, right in zip(got, wanted):
        assert [float32(x) for x in left] == [float32(x) for x in right], "another vector"


def refused(call, *words):
    try:
        call()
    except Exception as error:  # each package has its own
        for word in words:
            assert word in str(error), f"{type(error).__name__}: {error}: has no {word!r}"
        return
    raise AssertionError("was not refused")


TEXTS = ["a dog", "一只狗在草地上"]
texts = embed(*(x for text in TEXTS for x in ("-t", text)))
query = embed("-t", "a dog", "--instruction", FIND)
pictures = embed("-i", photo, "-i", drawing)
pair = embed("--fuse", "-i", photo, "-t", "a dog")


def openai_package():
    import openai

    client = openai.OpenAI(base_url=url + "/v1", api_key=KEY, max_retries=0)
    answer = client.embeddings.create(model="m", input=TEXTS)
    same([item.embedding for item in answer.data], texts)
    assert answer.usage.prompt_tokens > 0
    answer = client.embeddings.create(model="m", input=TEXTS, encoding_format="float")
    same([item.embedding for item in answer.data], texts)
    same([client.embeddings.create(model="m", input="a dog").data[0].embedding], texts[:1])
    assert client.models.list().data[0].object == "model"
    refused(lambda: client.embeddings.create(model="m", input="a", dimensions=8), "dimensions is 8")
    refused(lambda: client.embeddings.create(model="m", input=data_url(photo)), "is a picture in base64")
    try:
        client.embeddings.create(model="m", input="")
    except openai.BadRequestError as error:
        assert error.code == "empty_text" and error.param == "input", error
    # vLLM's messages, as its examples send them through this package.
    content = [{"type": "image_url", "image_url": {"url": data_url(photo)}}, {"type": "text", "text": "a dog"}]
    body = {"messages": [{"role": "user", "content": content}], "model": "m", "encoding_format": "float"}
    answer = client.post("/embeddings", cast_to=openai.types.CreateEmbeddingResponse, body=body)
    same([answer.data[0].embedding], pair)


def cohere_package():
    import cohere

    client = cohere.ClientV2(api_key=KEY, base_url=url)
    answer = client.embed(model="embed-v4.0", input_type="search_document", texts=TEXTS, embedding_types=["float"])
    same(answer.embeddings.float_, texts)
    answer = client.embed(model="m", input_type="search_query", texts=["a dog"], embedding_types=["float", "int8", "ubinary"])
    same(answer.embeddings.float_, query)
    small = answer.embeddings.int8[0]
    cosine = sum(a * b for a, b in zip(small, query[0])) / math.sqrt(sum(a * a for a in small))
    assert cosine > 0.999, cosine
    signs = [(byte >> (7 - bit)) & 1 for byte in answer.embeddings.ubinary[0] for bit in range(8)]
    assert signs == [int(x > 0) for x in query[0]]
    answer = client.embed(model="m", input_type="image", images=[data_url(photo)], embedding_types=["float"])
    same(answer.embeddings.float_, pictures[:1])
    inputs = [{"content": [{"type": "text", "text": "a dog"}, {"type": "image_url", "image_url": {"url": data_url(photo)}}]}]
    answer = client.embed(model="m", input_type="search_document", inputs=inputs, embedding_types=["float"])
    same(answer.embeddings.float_, pair)
    ranked = client.rerank(model="m", query="a dog", documents=["a cup", "one dog", "a house"], top_n=2)
    assert [item.index for item in ranked.results][0] == 1 and len(ranked.results) == 2
    assert 0 <= ranked.results[1].relevance_score <= ranked.results[0].relevance_score <= 1
    refused(lambda: client.embed(model="m", input_type="image", images=["https://a.b/c.png"], embedding_types=["float"]),
            "does not fetch")


def voyageai_package():
    import voyageai
    from PIL import Image

    client = voyageai.Client(api_key=KEY, base_url=url + "/v1")
    same(client.embed(TEXTS, model="m").embeddings, texts)
    inputs = [{"content": [{"type": "text", "text": "a dog"}]},
              {"content": [{"type": "image_base64", "image_base64": data_url(photo)}]},
              {"content": [{"type": "image_base64", "image_base64": data_url(photo)}, {"type": "text", "text": "a dog"}]}]
    answer = client.multimodal_embed(inputs=inputs, model="voyage-multimodal-3")
    same(answer.embeddings, [texts[0], pictures[0], pair[0]])
    assert answer.text_tokens > 0 and answer.image_pixels > 0 and answer.total_tokens > 0
    same(client.multimodal_embed(inputs=[["a dog"]], model="m", input_type="query").embeddings, query)
    # The package encodes a picture anew, so its bytes are another file's; only the shape is looked at.
    answer = client.multimodal_embed(inputs=[["a dog", Image.open(drawing)]], model="m")
    assert len(answer.embeddings[0]) == len(texts[0])
    ranked = client.rerank("a dog", ["a cup", "one dog", "a house"], model="m", top_k=2)
    assert ranked.results[0].index == 1 and len(ranked.results) == 2
    refused(lambda: client.multimodal_embed(
        inputs=[{"content": [{"type": "image_url", "image_url": "https://a.b/c.png"}]}], model="m"), "does not fetch")


def ollama_package():
    import ollama

    client = ollama.Client(host=url)
    same(client.embed(model="m", input=TEXTS).embeddings, texts)
    answer = client.embed(model="m", input="a dog")
    same(answer.embeddings, texts[:1])
    assert answer.prompt_eval_count > 0 and answer.total_duration > 0
    same([client.embeddings(model="m", prompt="a dog").embedding], texts[:1])
    refused(lambda: client.embed(model="m", input=data_url(photo)), "is a picture in base64")
    with open(photo, "rb") as file:
        bare = base64.b64encode(file.read()).decode()
    refused(lambda: client.embed(model="m", input=[bare]), "is a picture in base64")
    refused(lambda: client.embed(model="m", input="a", dimensions=8), "dimensions is 8")


failed = 0
for name, drive in {"openai": openai_package, "cohere": cohere_package, "voyageai": voyageai_package, "ollama": ollama_package}.items():
    try:
        drive()
        print(f"{name} {importlib.metadata.version(name)}: passed")
    except Exception:
        failed += 1
        print(f"{name} {importlib.metadata.version(name)}: FAILED")
        traceback.print_exc()
sys.exit(failed > 0)
