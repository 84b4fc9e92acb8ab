"""The tutor takes over a published graph, and computes what the graph computed."""

import json

import numpy as np
import pytest
import torch

from affectlab import data, train, tutor


def write_graph(folder, kind="<f4"):
    """A graph of random weights in the published form; returns its file and its numbers."""
    draw, group, stored = np.random.default_rng(0), [], b""

    def add(name, values):
        nonlocal stored
        entry = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if kind == "<f2":
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        group.append(entry)
        stored += values.astype(kind).tobytes()

    add("conv1/convolution/merged_input", draw.normal(0, 0.2, (3, 3, 3, 32)))
    add("conv1_bn/batchnorm_1/sub", draw.normal(0, 1, (1, 1, 1, 32)))
    inputs = 32
    for pair, (outputs, _) in enumerate(tutor.LAYERS, 1):
        add(f"conv_dw_{pair}/depthwise_kernel", draw.normal(0, 0.3, (3, 3, inputs, 1)))
        add(f"conv_dw_{pair}_bn/batchnorm_1/mul", draw.uniform(0.5, 2, (1, 1, 1, inputs)))
        add(f"conv_dw_{pair}_bn/batchnorm_1/sub", draw.normal(0, 1, (1, 1, 1, inputs)))
        add(f"conv_pw_{pair}/convolution/merged_input", draw.normal(0, inputs**-0.5, (1, 1, inputs, outputs)))
        add(f"conv_pw_{pair}_bn/batchnorm_1/sub", draw.normal(0, 1, (1, 1, 1, outputs)))
        inputs = outputs
    (folder / "graph.bin").write_bytes(stored)
    graph = {"weightsManifest": [{"paths": ["graph.bin"], "weights": group}]}
    (folder / "graph.json").write_text(json.dumps(graph))
    return folder / "graph.json"


def crops(count=6):
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, 48, 48), np.uint8))


@pytest.mark.parametrize("kind", ["<f4", "<f2"])
def test_settling_the_batch_norms_changes_nothing_that_is_computed(tmp_path, kind):
    model = tutor.Tutor().eval()
    model.load_graph(tutor.read_graph(write_graph(tmp_path, kind)))
    x = torch.rand(2, 1, tutor.SIZE, tutor.SIZE) * 2 - 1
    with torch.no_grad():
        before = model(x)[3]
        tutor.settle(model, crops())
        after = model(x)[3]
    assert before.abs().max() > 0.1
    torch.testing.assert_close(after, before, atol=1e-3, rtol=1e-3)
    norm = model.layers[5][1]
    assert not torch.allclose(norm.running_var, torch.ones_like(norm.running_var))


def test_the_first_layers_stay_as_they_came(tmp_path):
    model = tutor.Tutor()
    model.begin(write_graph(tmp_path), crops())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    model(torch.rand(4, 1, 96, 96))[0].sum().backward()
    torch.optim.SGD([p for p in model.parameters() if p.grad is not None], 0.1).step()
    moved = {name.split(".")[1] for name, value in model.state_dict().items()
             if name.startswith("layers") and not torch.equal(value, before[name])}
    assert moved == {str(layer) for layer in range(tutor.FROZEN, len(model.layers))}


def test_a_checkpoint_says_that_it_holds_a_tutor(tmp_path):
    model = tutor.Tutor()
    state = {"shape": model.shape.to_dict(), "average": model.state_dict()}
    torch.save(state, tmp_path / "last.pt")
    loaded, _ = train.load_checkpoint(tmp_path / "last.pt")
    assert isinstance(loaded, tutor.Tutor) and loaded.size == 96


def test_weights_of_another_network_are_refused(tmp_path):
    weights = tutor.read_graph(write_graph(tmp_path))
    del weights["conv_pw_7/convolution/merged_input"]
    with pytest.raises(data.DataError, match="another network"):
        tutor.Tutor().load_graph(weights)


def test_missing_and_cut_weights_are_named(tmp_path):
    with pytest.raises(data.DataError, match="none.json is missing"):
        tutor.read_graph(tmp_path / "none.json")
    graph = write_graph(tmp_path)
    with open(tmp_path / "graph.bin", "ab") as out:
        out.write(b"more")
    with pytest.raises(data.DataError, match="bytes long"):
        tutor.read_graph(graph)
