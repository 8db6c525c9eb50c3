"""What a new repository holds: `.gitattributes`, and for a Space a README with its card."""

from __future__ import annotations

from collections.abc import Iterable

from core.git import Put
from core.localhub.names import RepoId

# Kept as they are on every system. Not `filter=lfs`: this Hub takes files of any size as plain git objects.
_BINARY = (
    "7z arrow avro bin bz2 ckpt gguf gif gz h5 ico jpeg jpg joblib mlmodel model mp3 mp4 msgpack npy npz onnx ot parquet "
    "pb pdf pickle pkl png pt pth rar safetensors tar tflite tgz wasm wav webm webp woff2 xz zip zst"
).split()
_APP_FILE = {"gradio": "app.py", "streamlit": "app.py", "static": "index.html"}


def files(repo: RepoId, sdk: str | None, *, license: str | None = None, given: Iterable[Put] = ()) -> list[Put]:
    """The files of the initial commit; those in `given` win over ours."""
    made = {".gitattributes": "".join(f"*.{suffix} binary\n" for suffix in _BINARY)}
    if repo.kind == "space":
        made["README.md"] = _space_card(repo.name, sdk or "gradio", license)
    elif license:
        made["README.md"] = f"---\nlicense: {license}\n---\n"
    changes = {path: Put(path, text.encode()) for path, text in made.items()}
    return list((changes | {put.path: put for put in given}).values())


def _space_card(name: str, sdk: str, license: str | None) -> str:
    title = name.replace("-", " ").replace("_", " ").strip().title() or name
    lines = [f"title: {title!r}", "emoji: 🚀", "colorFrom: blue", "colorTo: indigo", f"sdk: {sdk}"]
    lines += [f"app_file: {_APP_FILE[sdk]}"] if sdk in _APP_FILE else ["app_port: 7860"]
    lines += ["pinned: false"] + ([f"license: {license}"] if license else [])
    return "---\n" + "\n".join(lines) + "\n---\n"
