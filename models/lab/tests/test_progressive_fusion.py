"""Single tasks, fusion by sum, and the exported pack."""

import json
import tomllib

import numpy as np
import pytest
import torch

from affectlab import cli, data, export, measure, teach
from affectlab.progressive import ablation, figures, fit, fusion, packs, steps, tasks
from affectlab.progressive.vit import Shape, ViT

TINY = Shape(width=32, depth=3, heads=2)
SHARED = 2


@pytest.fixture
def joint():
    torch.manual_seed(0)
    return tasks.TaskNet(ViT(TINY)).eval()


def a_single(joint, seed):
    """A single-task network whose upper block has moved on."""
    network = tasks.single(joint, SHARED)
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in network.encoder.blocks[SHARED:].parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return network.eval()


@pytest.fixture
def fused(joint):
    return fusion.of(joint, [a_single(joint, seed) for seed in (1, 2, 3)], SHARED).eval()


def a_batch(n=2):
    return torch.randn(n, 1, 64, 64, generator=torch.Generator().manual_seed(5))


def test_features_are_the_sum_of_trunk_and_single_tasks(joint, fused):
    x = a_batch()
    with torch.no_grad():
        parts = [joint(x)[3], *(a_single(joint, seed)(x)[3] for seed in (1, 2, 3))]
        assert torch.allclose(fused.summed(x), sum(parts), atol=1e-5)
        assert not torch.allclose(parts[0], parts[1], atol=1e-3)


def test_a_network_with_another_trunk_is_refused(joint):
    other = a_single(joint, 1)
    with torch.no_grad():
        other.encoder.blocks[0].out.bias.add_(1)
    with pytest.raises(ValueError, match="lower blocks"):
        fusion.of(joint, [other], SHARED)


def test_single_task_networks_stand_still_while_the_fused_one_learns(fused):
    targets = (torch.full((2, 8), 1 / 8), torch.zeros(2, 2), torch.rand(2, 12))
    fused.train()
    tasks.objective(fused)(a_batch(), targets, 0, None).backward()
    moved = {name.split(".")[0] for name, p in fused.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert moved == {"trunk", "fuse", "heads"}


def test_a_single_task_leaves_the_shared_blocks_alone(joint):
    network = tasks.single(joint, SHARED)
    learns = {name for name, parameter in network.encoder.named_parameters() if parameter.requires_grad}
    assert learns and all(name.startswith((f"blocks.{SHARED}.", "norm.")) for name in learns)


def test_only_the_chosen_tasks_count(joint):
    answers = joint(a_batch())
    targets = (torch.full((2, 8), 1 / 8), torch.rand(2, 2), torch.rand(2, 12))
    one_by_one = [tasks.task_loss(answers, targets, (task,)).item() for task in tasks.TASKS]
    assert min(one_by_one) > 0
    assert tasks.task_loss(answers, targets).item() == pytest.approx(sum(one_by_one), rel=1e-5)
    with pytest.raises(ValueError, match="smell"):
        tasks.objective(joint, ("smell",))


def test_half_of_the_patches_are_seen_as_long_as_the_plan_says(joint):
    seen = []
    joint.encoder.blocks[0].register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].shape[1]))
    targets = (torch.full((2, 8), 1 / 8), torch.zeros(2, 2), torch.rand(2, 12))
    goal = tasks.objective(joint, seen=lambda done: 0.5 if done < 1 else 1.0)
    for done in range(2):
        goal(a_batch(), targets, done, torch.Generator().manual_seed(0))
    assert seen == [32, 64]


def test_every_set_of_tasks_is_tried_once():
    assert len(ablation.sets()) == 7 == len(set(ablation.sets()))


def test_sharing_costs_less_than_four_transformers():
    shared, apart, trunk = fusion.cost(TINY, SHARED), fusion.cost(TINY, 0), fusion.cost(TINY, SHARED, 0)
    assert trunk["macs"] < shared["macs"] < apart["macs"]
    assert shared["parameters"] == sum(p.numel() for p in fusion.blank(TINY, shared=SHARED).parameters())


@pytest.fixture(scope="module")
def run_folder(faces_folder, tmp_path_factory):
    """All steps on the made pictures, by the command line, and the pack."""
    run = tmp_path_factory.mktemp("progressive")
    faces = data.load(faces_folder, "fit")
    units = torch.rand(len(faces), 12, generator=torch.Generator().manual_seed(0))
    teach.Lessons(faces.target, units).save(run / "lessons.pt")
    assert cli.main(["progressive", "face", "--data", str(faces_folder), "--run", str(run), "--limit", "96",
                     "--lessons", str(run / "lessons.pt"), "--pack", str(run / "progressive-face")]) == 0
    return run


def test_the_pack_answers_as_the_network_does(run_folder):
    network, pack = steps.load_fused(run_folder), run_folder / "progressive-face"
    x = a_batch(3)
    answers = export.run(export.session(run_folder / "progressive-face.f32.onnx"), x.numpy())
    with torch.no_grad():
        expected = dict(zip(fusion.OUTPUTS, network(x), strict=True))
    assert tuple(packs.PROGRESSIVE.outputs) == fusion.OUTPUTS
    for name, values in expected.items():
        np.testing.assert_allclose(answers[name], values.numpy(), atol=1e-4, err_msg=name)
    assert max(measure.check_golden(pack).values()) < 1e-3
    # Int8 weights answer a little differently, or they would not be int8.
    coarse = export.run(export.session(pack / "progressive-face.int8w.onnx"), x.numpy())
    assert 0 < np.abs(coarse["embedding"] - answers["embedding"]).max() < 0.5


def test_all_weights_of_the_transformer_are_int8(run_folder):
    facts = packs.read(run_folder / "progressive-face")["training"]
    size = (run_folder / "progressive-face" / "progressive-face.int8w.onnx").stat().st_size
    assert size == facts["bytes"] < 1.15 * facts["parameters"]


def test_the_manifest_names_the_compound_output(run_folder):
    manifest = tomllib.loads((run_folder / "progressive-face/pack.toml").read_text())
    assert manifest["outputs"]["compound"]["labels"] == ["anger", "disgust", "fear", "happiness", "sadness", "surprise"]
    assert set(manifest["golden"]["outputs"]) == set(manifest["outputs"])
    assert manifest["licence"]["commercial_use"] is False


def test_each_step_keeps_what_it_reached(run_folder):
    state = fit.load(run_folder / "joint.pt")
    assert state["epoch"] == steps.JOINT.epochs and np.isfinite(state["loss"])
    assert {"accuracy", "ccc_valence"} <= set(state["found"])


def test_the_ablation_measures_what_each_set_of_tasks_learned(run_folder, faces_folder):
    before = ablation.FILE.read_bytes() if ablation.FILE.is_file() else None
    rows = ablation.run(faces_folder, run_folder, run_folder / "lessons.pt", 16)
    figures_of = {"expression": {"accuracy", "macro_recall"}, "valence_arousal": {"ccc"}, "action_units": {"units_auc"}}
    assert len(rows) == 7
    for row in rows:
        assert set(row) == {"tasks"}.union(*(figures_of[task] for task in row["tasks"]))
    assert (ablation.FILE.read_bytes() if ablation.FILE.is_file() else None) == before, "a trial is not kept"


def test_measured_figures_are_kept_in_pack_and_card(run_folder, faces_folder, monkeypatch):
    # The made pictures have no double votes.
    monkeypatch.setattr(figures.compound, "figures", lambda *_: {
        "n": 2, "count": {"fearfully surprised": 2}, "constant": 1.0,
        "sum": {"macro_f1": 0.25, "accuracy": 0.5}, "geometric mean": {"macro_f1": 0.75, "accuracy": 0.5}})
    pack = run_folder / "progressive-face"
    assert cli.main(["progressive", "measure", "--data", str(faces_folder), "--run", str(run_folder), "--pack", str(pack)]) == 0
    kept = json.loads((pack / "figures.json").read_text())
    assert kept["training"] and 0 < kept["f32"]["same_label"] <= 1
    card = (pack / "CARD.md").read_text()
    assert "{{" not in card and "0.750" in card
    measured = tomllib.loads((pack / "pack.toml").read_text())["measured"]
    assert {"accuracy, 8 expressions"} <= {entry["what"] for entry in measured}


def test_a_network_of_seven_expressions_is_measured_on_those_seven(faces_folder):
    faces = data.load(faces_folder, "valid")
    answers = {"expression": np.eye(8, dtype=np.float32)[faces.label][:, :7] * 9}
    found = figures.expressions(answers, faces, 1.0)
    assert found["accuracy"] == 1 and "contempt" not in found["recall"] and "ccc_valence" not in found
    assert found["n"] == int((faces.label < 7).sum()) < len(faces)


def test_a_folder_that_is_no_pack_of_these_is_refused(tmp_path):
    with pytest.raises(measure.PackError, match="progressive-face"):
        packs.kind_of(tmp_path)
