"""Tuning on held-out pictures does what the card says, and no more."""

import pytest
import torch

from affectlab import calibrate


def test_offsets_favour_rare_labels_and_leave_the_commonest_alone():
    label = torch.tensor([0] * 90 + [1] * 10)
    offset = calibrate.offsets(label, 1.0, classes=2)
    assert offset[0] == 0 and offset[1] == pytest.approx(torch.tensor(9.0).log().item())
    assert not calibrate.offsets(label, 0.0, classes=2).any()


def test_tau_rises_only_while_accuracy_holds():
    generator = torch.Generator().manual_seed(0)
    label = torch.tensor([0] * 900 + [1] * 100)
    # A network that is right but shy about the rare label.
    shy = torch.randn((1000, 2), generator=generator) * 0.3
    shy[:, 0] += torch.where(label == 0, 2.0, 0.6)
    tau = calibrate.choose_tau(shy, label, label)
    moved = shy + calibrate.offsets(label, tau, classes=8)[:2]
    assert tau > 0
    assert calibrate.mean_recall(moved, label) > calibrate.mean_recall(shy, label) + 0.2
    # A network that knows nothing would lose accuracy by guessing the rare label.
    blind = torch.randn((1000, 2), generator=generator) * 0.1 + torch.tensor([1.0, 0.0])
    assert calibrate.choose_tau(blind, label, label) < 0.6


@pytest.fixture(autouse=True)
def two_labels(monkeypatch):
    whole = calibrate.offsets
    monkeypatch.setattr(calibrate, "offsets", lambda label, tau, classes=2: whole(label, tau, classes))


def test_temperature_undoes_overconfidence():
    generator = torch.Generator().manual_seed(0)
    honest = torch.randn((4000, 2), generator=generator)
    label = torch.multinomial(torch.softmax(honest, 1), 1, generator=generator).squeeze(1)
    found = calibrate.choose_temperature(honest * 1.5, label)
    assert found == pytest.approx(1.5, abs=0.15)
    assert calibrate.expected_error(honest * 1.5, label, found) < calibrate.expected_error(honest * 1.5, label, 0.7)


def test_the_calibration_survives_the_disk(tmp_path):
    tuned = calibrate.Calibration(0.35, 0.8, tuple(0.1 * n for n in range(8)))
    tuned.save(tmp_path)
    assert calibrate.Calibration.load(tmp_path) == tuned
