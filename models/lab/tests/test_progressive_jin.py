"""Jin et al.: the losses by hand-worked numbers, and whose turn it is."""

import math

import pytest
import torch

from affectlab import cli, data, measure, teach
from affectlab.model import FaceNet, Shape
from affectlab.progressive import jin, packs

SMALL = Shape(stem=8, channels=(8, 16), blocks=(1, 1))


def test_the_focal_loss_by_hand():
    # sigmoid(ln 3) = 0.75. Class 0 is right: 0.25 * (1 - 0.75)^2 * -ln 0.75; class 1 wrongly says 0.75, so what is
    # right has 0.25: 0.75 * (1 - 0.25)^2 * -ln 0.25.
    by_hand = 0.25 * 0.0625 * -math.log(0.75) + 0.75 * 0.5625 * -math.log(0.25)
    loss = jin.focal(torch.full((1, 2), math.log(3)), torch.tensor([[1.0, 0.0]]))
    assert loss.item() == pytest.approx(by_hand, rel=1e-6)


def test_without_focus_it_is_half_the_cross_entropy():
    logits, target = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)), torch.eye(7)[:5]
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1).mean()
    assert jin.focal(logits, target, alpha=0.5, gamma=0).item() == pytest.approx(plain.item() / 2, rel=1e-6)


def test_rows_without_an_expression_are_masked():
    logits = torch.randn(4, 7, generator=torch.Generator().manual_seed(0))
    target = torch.eye(7)[:4]
    target[1] = torch.nan
    assert jin.focal(logits, target).item() == pytest.approx(jin.focal(logits[[0, 2, 3]], target[[0, 2, 3]]).item())
    assert jin.focal(logits, target * torch.nan).item() == 0


def test_contempt_is_nobodys_expression(faces_folder):
    faces = data.load(faces_folder, "fit")
    decided = jin.decided(faces)
    contempt = faces.label == 7
    assert contempt.any()
    assert torch.isnan(decided.target[contempt]).all()
    assert torch.equal(decided.target[~contempt].argmax(1), faces.label[~contempt])


@pytest.mark.parametrize("swap, expected", [("epoch", ["expression"] * 3 + ["units"] * 3 + ["expression"]),
                                            ("batch", ["expression", "units"] * 3 + ["expression"])])
def test_tasks_take_turns(swap, expected):
    assert [jin.turn(done, 3, swap) for done in range(7)] == expected


def test_an_unknown_turn_is_refused():
    with pytest.raises(ValueError, match="'epoch' or 'batch'"):
        jin.turn(0, 3, "day")


def test_only_the_task_whose_turn_it_is_learns():
    torch.manual_seed(0)
    network = jin.JinNet(SMALL)
    units = torch.rand(2, 12)
    units[0, :6] = torch.nan
    targets = (torch.eye(7)[:2], torch.zeros(2, 2), units)
    goal = jin.objective(network, steps=1)
    for done, learns, rests in ((0, network.expression, network.action_units), (1, network.action_units, network.expression)):
        network.zero_grad()
        goal(torch.randn(2, 1, 64, 64), targets, done, None).backward()
        assert learns.weight.grad.abs().sum() > 0
        assert rests.weight.grad is None or rests.weight.grad.abs().sum() == 0


def test_positive_weights_are_those_of_the_units_and_missing_cells_do_not_count():
    # All logits zero, so each cell costs weight * target * ln 2 + (1 - target) * ln 2.
    class Silent(torch.nn.Module):
        def forward(self, x):
            return torch.zeros(1, 7), torch.zeros(1, 12), x

    units = torch.full((1, 12), torch.nan)
    units[0, 1], units[0, 7], units[0, 11] = 1, 1, 0
    goal = jin.objective(Silent(), steps=1, swap="batch")
    assert goal(torch.zeros(1, 1, 64, 64), (None, None, units), 1, None).item() == pytest.approx((2 + 6 + 1) / 3 * math.log(2))


def test_a_grown_network_knows_what_the_face_network_knew():
    torch.manual_seed(0)
    face = FaceNet(SMALL).eval()
    grown, x = jin.JinNet.grown(face).eval(), torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        expression, _, units, embedding = face(x)
        answers = grown(x)
    for said, known in zip(answers, (expression[:, :7], units, embedding), strict=True):
        assert torch.equal(said, known)
    assert tuple(packs.JIN.outputs) == jin.OUTPUTS


def test_the_pack_is_made_from_a_trained_face_network_by_one_command(trained, faces_folder, tmp_path):
    faces, folder = data.load(faces_folder, "fit"), tmp_path / "jin-2021-face"
    units = torch.rand(len(faces), 12, generator=torch.Generator().manual_seed(0))
    teach.Lessons(faces.target, units).save(tmp_path / "lessons.pt")
    assert cli.main(["progressive", "jin", "--data", str(faces_folder), "--run", str(tmp_path), "--pack", str(folder),
                     "--lessons", str(tmp_path / "lessons.pt"), "--start", str(trained / "last.pt"), "--limit", "64"]) == 0
    assert max(measure.check_golden(folder).values()) < 1e-3
    manifest, _ = measure.open_pack(folder)
    assert manifest["outputs"]["expression"]["labels"] == list(jin.SEVEN)
    assert "valence_arousal" not in manifest["outputs"]
    assert packs.read(folder)["training"]["jin"]["about"] == {"swap": "batch", "pictures": 64}
