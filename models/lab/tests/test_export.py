"""The ONNX files say what the network says."""

import numpy as np
import onnx
import pytest
import torch

from affectlab import calibrate, export, train

# What the daemon's engines are known to run.
SIMPLE = {"Conv", "Relu", "Sigmoid", "Mul", "Add", "GlobalAveragePool", "Flatten", "Gemm", "Tanh",
          "DequantizeLinear"}


@pytest.fixture(scope="module")
def files(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    model, _ = train.load_checkpoint(trained / "last.pt")
    offset = calibrate.Calibration.load(trained).offset
    plain = export.folded(model, offset)
    export.write_f32(plain, folder / "f32.onnx")
    count = export.write_int8(folder / "f32.onnx", folder / "int8.onnx")
    return model, offset, plain, folder, count


def inputs(count=4):
    return torch.rand((count, 1, 64, 64), generator=torch.Generator().manual_seed(0)) * 2 - 1


def answers(model):
    with torch.no_grad():
        return [value.numpy() for value in model(inputs())]


def test_folding_changes_the_bias_alone(files):
    model, offset, plain, _, _ = files
    before, after = answers(model), answers(plain)
    np.testing.assert_allclose(after[0], before[0] + np.array(offset), atol=1e-3)
    np.testing.assert_allclose(after[1], before[1], atol=1e-4)
    np.testing.assert_allclose(after[2], before[2], atol=1e-3)


def test_onnx_runtime_agrees_with_torch(files):
    _, _, plain, folder, _ = files
    found = export.run(export.session(folder / "f32.onnx"), inputs().numpy())
    for name, expected in zip(export.OUTPUTS, answers(plain), strict=True):
        np.testing.assert_allclose(found[name], expected, atol=1e-4)


def test_the_int8_file_agrees_with_torch_on_dequantised_weights(files):
    _, _, plain, folder, _ = files
    found = export.run(export.session(folder / "int8.onnx"), inputs().numpy())
    for name, expected in zip(export.OUTPUTS, answers(export.with_quantised_weights(plain)), strict=True):
        np.testing.assert_allclose(found[name], expected, atol=1e-4)


def test_int8_weights_move_the_answers_little_but_do_move_them(files):
    _, _, plain, folder, _ = files
    found = export.run(export.session(folder / "int8.onnx"), inputs().numpy())
    difference = np.abs(found["expression"] - answers(plain)[0]).max()
    assert 0 < difference < 0.3


def test_every_large_weight_is_int8_and_the_file_a_quarter(files):
    _, _, _, folder, count = files
    graph = onnx.load(folder / "int8.onnx").graph
    weights = sum(node.op_type in ("Conv", "Gemm") for node in graph.node)
    assert count == weights
    assert all(np.prod(t.dims) < 1000 for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT)
    assert (folder / "int8.onnx").stat().st_size < 0.3 * (folder / "f32.onnx").stat().st_size


def test_names_shapes_and_operators_are_the_contract(files):
    *_, folder, _ = files
    model = onnx.load(folder / "int8.onnx")
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
              for v in [*model.graph.input, *model.graph.output]}
    assert shapes == {"input": [1, 1, 64, 64], "expression": [1, 8], "valence_arousal": [1, 2],
                      "action_units": [1, 12], "embedding": [1, 128]}
    assert model.opset_import[0].version == 17
    assert {node.op_type for node in model.graph.node} <= SIMPLE


def test_quantisation_is_off_by_half_a_step_at_most():
    weight = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    weight[2] = 0
    q, scale = export.quantise(weight)
    assert np.all(np.abs(q * scale[:, None] - weight) <= scale[:, None] / 2 + 1e-7)
    assert np.abs(q[[0, 1, 3, 4]]).max(axis=1).tolist() == [127] * 4 and not q[2].any()
