"""Sequence models: what was lost has no say, the future has none in causal ones, and the ONNX files say what PyTorch says."""

import numpy as np
import pytest
import torch

from affectlab import export as base
from affectlab.sequence import bodies, export, heads

FACE, VOICE, FRAMES = 10, 6, 9
BODIES = [body for body in heads.BODIES if body != "none"]


def model(body, voice=0, predicts="newest", **changes):
    torch.manual_seed(3)
    design = heads.Design(body, FRAMES, predicts, FACE, voice, width=16, hidden=8, layers=2, channels=(16, 12, 8), heads=2,
                          key=8, inner=32, places=True, tasks=tuple(heads.WIDTHS), **changes)
    found = heads.SequenceNet(design)
    for part in (found.entrance.face, found.entrance.voice):
        if part is not None:
            part.scale_by(torch.randn(50, len(part.mean)) * 2 + 1)
            torch.nn.init.normal_(part.lack)
    return found.eval()


def window(net, count=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, FRAMES, net.design.columns, generator=generator)
    x[:, :, FACE] = 1
    if net.design.voice:
        x[:, :, -1] = 1
    return x


def without(x, rows, columns, present):
    """A copy whose ``rows`` lack what stands in ``columns``: zeros, as the daemon writes them."""
    x = x.clone()
    x[:, rows, columns] = 0
    x[:, rows, present] = 0
    return x


def same(a, b, tolerance=1e-6):
    return all(torch.allclose(u, v, atol=tolerance) for u, v in zip(a, b))


@pytest.mark.parametrize("body", heads.BODIES)
@pytest.mark.parametrize("voice", [0, VOICE])
def test_what_stands_in_a_lost_row_does_not_change_the_answer(body, voice):
    net = model(body, voice)
    x = without(window(net), [2, 3, 8], slice(0, FACE), FACE)
    filled = x.clone()
    filled[:, [2, 3, 8], :FACE] = 1e3
    assert same(net(x), net(filled))
    assert not same(net(x), net(window(net)))


@pytest.mark.parametrize("body", ["gru", "lstm", "tcn"])
def test_a_row_that_was_lost_might_as_well_not_have_been(body):
    net = model(body)
    x = window(net)
    lost_early = torch.cat([torch.zeros_like(x[:, :2]), x[:, 2:]], 1)
    # The same seven rows, with the two lost ones in other places.
    lost_between = torch.zeros_like(x)
    lost_between[:, [0, 1, 3, 4, 5, 7, 8]] = x[:, 2:]
    assert same(net(lost_early), net(lost_between), 1e-5)


@pytest.mark.parametrize("body", ["gru", "lstm", "tcn"])
def test_a_lost_newest_row_leaves_the_last_answer(body):
    net = model(body)
    x = without(window(net), [7, 8], slice(0, FACE), FACE)
    rows = net.rows(x)
    assert torch.allclose(rows[:, 8], rows[:, 6], atol=1e-6)
    assert not torch.allclose(rows[:, 6], rows[:, 5], atol=1e-3)


@pytest.mark.parametrize("body", ["gru", "lstm", "tcn"])
def test_the_future_does_not_change_a_causal_answer(body):
    net = model(body)
    x, later = window(net), window(net)
    later[:, 6:] = window(net, seed=9)[:, 6:]
    before, after = net.rows(x), net.rows(later)
    assert torch.allclose(before[:, :6], after[:, :6], atol=1e-6)
    assert not torch.allclose(before[:, 6:], after[:, 6:], atol=1e-3)


@pytest.mark.parametrize("body", ["bigru", "transformer"])
def test_the_others_look_ahead(body):
    net = model(body, predicts="middle")
    x = window(net)
    later = x.clone()
    later[:, 8] = window(net, seed=9)[:, 8]
    assert not same(net(x), net(later), 1e-4)


def test_only_positions_tell_a_transformer_the_order():
    for places in (True, False):
        net = heads.SequenceNet(heads.Design("transformer", FRAMES, "newest", FACE, width=16, heads=2, key=8, inner=32,
                                             places=places)).eval()
        x = window(net)
        shuffled = x.clone()
        shuffled[:, :8] = x[:, [3, 1, 0, 2, 7, 6, 5, 4]]
        assert same(net(x), net(shuffled), 1e-5) != places


@pytest.mark.parametrize("body", BODIES)
def test_a_missing_modality_is_not_looked_at_but_its_lack_is_known(body):
    net = model(body, VOICE)
    x = window(net)
    deaf = without(x, slice(None), slice(FACE + 1, -1), -1)
    filled = deaf.clone()
    filled[:, :, FACE + 1:-1] = -77
    assert same(net(deaf), net(filled))
    blind = without(x, slice(None), slice(0, FACE), FACE)
    assert not same(net(deaf), net(blind), 1e-3) and not same(net(deaf), net(x), 1e-3)


@pytest.mark.parametrize("body", heads.BODIES)
def test_a_window_without_anything_gives_finite_answers(body):
    net = model(body, VOICE)
    assert all(torch.isfinite(value).all() for value in net(torch.zeros(2, FRAMES, net.design.columns)))


@pytest.mark.parametrize("body", heads.BODIES)
@pytest.mark.parametrize("voice", [0, VOICE])
def test_the_onnx_files_say_what_pytorch_says(body, voice, tmp_path):
    net = model(body, voice, "middle" if body == "bigru" else "newest")
    x = window(net)
    x[1:3] = without(x[1:3], [0, 4], slice(0, FACE), FACE)
    export.write_f32(net, tmp_path / "f32.onnx")
    count = base.write_int8(tmp_path / "f32.onnx", tmp_path / "int8.onnx")
    linear = sum(isinstance(m, (torch.nn.Linear, torch.nn.Conv1d)) for m in net.modules())
    assert count == linear
    for file, expected in (("f32", net), ("int8", export.with_quantised_weights(net))):
        found = base.run(base.session(tmp_path / f"{file}.onnx"), x.numpy())
        for task, value in export.answers(expected, x.numpy()).items():
            np.testing.assert_allclose(found[task], value, atol=1e-5)
    moved = np.abs(export.answers(net, x.numpy())["expression"] - found["expression"]).max()
    assert 0 < moved < 0.5


def test_lost_rows_are_moved_to_the_front_and_answers_back():
    compact = bodies.Compact(5)
    y = torch.arange(5.0).view(1, 5, 1) + 1
    present = torch.tensor([1.0, 0, 1, 1, 0]).view(1, 5, 1)
    seen = []

    def read(rows, there):
        seen.extend([rows[0, :, 0].tolist(), there[0, :, 0].tolist()])
        return rows

    assert compact(read, y, present)[0, :, 0].tolist() == [1, 1, 3, 4, 4]
    assert seen == [[0, 0, 1, 3, 4], [0, 0, 1, 1, 1]]


def test_an_unknown_body_is_refused():
    with pytest.raises(ValueError, match="choose from gru"):
        heads.SequenceNet(heads.Design("rnn", FRAMES, "newest", FACE))
