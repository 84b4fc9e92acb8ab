"""The story of one pack: is it complete, and if not, make its files and check them."""

from __future__ import annotations

from pathlib import Path

from .catalogue import Recipe
from .convert import to_onnx, to_onnx_with
from .errors import WrongHashError
from .golden import golden_files
from .hashing import has_hash, sha256, write_whole
from .manifest import Manifest, read_manifest
from .wheel import Wheels

MODELS = Path(__file__).resolve().parents[2]


def is_complete(folder: Path, manifest: Manifest) -> bool:
    """Whether every file of the pack is there with the pinned bytes."""
    return all(has_hash(folder / pinned.path, pinned.sha256) for pinned in manifest.files())


def to_model(recipe: Recipe, source: bytes, folder: Path) -> bytes:
    """The ONNX file of the pack in ``folder``, from the TensorFlow Lite file ``source``."""
    if recipe.head is None:
        return to_onnx(source, recipe.pack, recipe.outputs)
    return to_onnx_with(source, recipe.pack, recipe.head(folder))


def build_pack(recipe: Recipe, models: Path, wheels: Wheels) -> str:
    """Make what the pack ``models/NAME`` lacks and say in one line what was done.

    Nothing is written unless all of it has the pinned SHA-256. Raises ``FetchError``.
    """
    folder = models / recipe.pack
    manifest = read_manifest(folder)
    count = len(manifest.files())
    if is_complete(folder, manifest):
        return f"{recipe.pack}: up to date ({count} files checked)"

    source = wheels.read(recipe.source)
    files = {manifest.model.path: to_model(recipe, source, folder)}
    files |= golden_files(manifest)
    for pinned in manifest.files():
        found = sha256(files[pinned.path])
        if found != pinned.sha256:
            raise WrongHashError(
                f"{folder / pinned.path} as made here",
                pinned.sha256,
                found,
                "install the exact versions of models/fetch/requirements.txt (make models "
                "does) and check that git shows no change under models/.",
            )
    for path, content in files.items():
        write_whole(folder / path, content)
    return f"{recipe.pack}: made {manifest.model.path} from {recipe.source.requirement}"
