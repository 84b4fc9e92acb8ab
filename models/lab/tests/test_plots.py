"""Pictures for readers: small, the same every time, with text as text, and true to the figures."""

import re

import matplotlib
import numpy as np
import pytest
import torch
from test_action_units import write_landmarks

from affectlab import action_units, calibrate, data, document, pack, plots
from affectlab.cli import main
from affectlab.labels import EXPRESSIONS, UNITS


def drawn(draw, path):
    """The text of a picture after drawing it twice."""
    texts = []
    for _ in range(2):
        with matplotlib.rc_context(plots.STYLE):
            draw(path)
        texts.append(path.read_text())
    assert texts[0] == texts[1], "the same figures give the same bytes"
    assert "<image" not in texts[0] and "base64" not in texts[0]
    assert path.stat().st_size < 60_000
    return texts[0]


def words(text):
    return re.findall(r"<text[^>]*>([^<]*)</text>", text)


def test_a_confusion_names_labels_counts_and_shares(tmp_path):
    table = np.diag(np.arange(10, 90, 10))
    table[2, 1] = 10
    text = drawn(lambda path: plots.confusion(table, path), tmp_path / "c.svg")
    assert {"75 %", "25 %", "contempt", "contempt (80)", "disgust (40)"} <= set(words(text))


def test_reliability_puts_each_face_into_its_bin(tmp_path):
    logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 0.2]])
    bins, error = plots.reliability(logits, torch.tensor([0, 1, 1]), 1.0)
    assert [row[0] for row in bins] == [0, 0, 0, 0, 0, 1, 0, 0, 2, 0]
    assert bins[8][1] == pytest.approx(torch.sigmoid(torch.tensor(2.0)).item()) and bins[8][2] == 0.5
    assert error == pytest.approx(calibrate.expected_error(logits, torch.tensor([0, 1, 1]), 1.0))
    text = drawn(lambda path: plots.calibration(bins, error, path), tmp_path / "r.svg")
    assert f"Expected calibration error {error:.3f}" in words(text)


def test_thousands_of_faces_stay_a_small_picture(tmp_path):
    target = torch.rand((5000, 2), generator=torch.Generator().manual_seed(0)) * 2 - 1
    said = (target + 0.2 * torch.randn((5000, 2), generator=torch.Generator().manual_seed(1))).clamp(-1, 1)
    text = drawn(lambda path: plots.affect(target, said, path), tmp_path / "va.svg")
    assert any(word.startswith("valence: CCC 0.9") for word in words(text))
    # A shade is one path, however many cells it has.
    assert text.count("<path") < 60


def test_cells_beside_each_other_are_one_run():
    mask = np.array([[0, 1, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
    assert [part.tolist() for part in plots._runs(mask)] == [[0, 0, 2], [1, 4, 0], [2, 1, 5]]


def test_a_curve_begins_at_nothing_ends_at_all_and_encloses_its_area():
    rng = np.random.default_rng(0)
    positive = rng.random(3000) < 0.4
    scores = rng.normal(0, 1, 3000) + positive
    false, true = plots.roc(scores, positive)
    assert false[0] == 0 and true[-1] == 1 and (np.diff(true) >= 0).all()
    assert np.trapezoid(true, false) == pytest.approx(action_units.auc(scores, positive), abs=0.02)
    assert plots.roc([1, 1, 1, 1], [1, 0, 1, 0])[1][20] == pytest.approx(0.5), "equal scores tell nothing"


def test_units_are_drawn_with_one_witness_or_two(tmp_path):
    rng = np.random.default_rng(0)
    probability, label = rng.random((200, 12)), np.arange(200) % 8
    witness = rng.normal(0, 1, (150, 12)), np.arange(200) < 150
    text = drawn(lambda path: plots.units(probability, label, witness, path), tmp_path / "two.svg")
    assert set(UNITS) <= set(words(text)) and sum(word.startswith("shapes ") for word in words(text)) == 12
    with matplotlib.rc_context(plots.STYLE):
        areas = plots.units(probability, label, None, tmp_path / "one.svg")
    assert set(areas["AU1"]) == {"emotions"} and "shapes" not in (tmp_path / "one.svg").read_text()


BLOCKS = "".join(f"<!-- figures: {name} -->\nold\n{document.END}\n" for name in ("expression", "affect", "units"))


def test_one_command_draws_a_pack_and_writes_its_figures_into_a_text(trained, faces_folder, tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    state = torch.load(trained / "last.pt", weights_only=True)
    state["plan"]["unit_weight"] = 0.5
    torch.save(state, run / "last.pt")
    figures = pack.build(run, faces_folder, tmp_path / "pack", damage=False)
    names = [f"ferplus/{name}" for part in ("fit", "valid") for name in data.load(faces_folder, part).name]
    landmarks = write_landmarks(tmp_path / "landmarks.npz", names)
    (tmp_path / "text.md").write_text(f"text\n{BLOCKS}end")
    assert main(["plots", "--data", str(faces_folder), "--pack", str(tmp_path / "pack"), "--landmarks", str(landmarks),
                 "--out", str(tmp_path / "pictures"), "--document", str(tmp_path / "text.md")]) == 0
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "action-units.svg", "calibration.svg", "confusion.svg", "valence-arousal.svg"]
    text = (tmp_path / "text.md").read_text()
    assert f"{100 * figures['accuracy']:.1f} % are given" in text and "old" not in text
    assert text.startswith("text\n") and text.endswith("end") and all(f"| {name} |" in text for name in (*EXPRESSIONS, *UNITS))
    document.fill(tmp_path / "text.md", plots.run(faces_folder, tmp_path / "pack", tmp_path / "pictures", landmarks))
    assert (tmp_path / "text.md").read_text() == text


def test_a_text_without_a_place_for_the_figures_is_named(tmp_path):
    (tmp_path / "text.md").write_text("nothing")
    result = {"n": 1, "accuracy": 1.0, "calibration_error": 0.0, "confidence": []}
    with pytest.raises(data.DataError, match="text.md has 0 blocks <!-- figures: expression"):
        document.fill(tmp_path / "text.md", result)
