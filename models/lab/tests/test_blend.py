import pytest
import torch

from affectlab.blend import blend
from affectlab.model import Shape
from affectlab.train import TrainError


def checkpoint(path, value, stem=8):
    torch.save({"shape": Shape(stem=stem).to_dict(), "average": {"w": torch.full((2,), value), "n": torch.tensor(int(value))}}, path)
    return path


def test_weights_are_mixed_and_counters_are_not(tmp_path):
    earlier, later = checkpoint(tmp_path / "a.pt", 0.0), checkpoint(tmp_path / "b.pt", 10.0)
    blend(earlier, later, 0.7, tmp_path / "c.pt")
    mixed = torch.load(tmp_path / "c.pt", weights_only=True)["average"]
    assert torch.allclose(mixed["w"], torch.full((2,), 7.0)) and int(mixed["n"]) == 10


def test_networks_of_different_shapes_are_refused(tmp_path):
    earlier, later = checkpoint(tmp_path / "a.pt", 0.0), checkpoint(tmp_path / "b.pt", 1.0, stem=16)
    with pytest.raises(TrainError, match="different shapes"):
        blend(earlier, later, 0.5, tmp_path / "c.pt")
