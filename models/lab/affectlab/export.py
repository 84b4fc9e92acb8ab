"""From a checkpoint to ONNX: fold, quantise the weights, write, compare.

Weights of convolutions and linear layers become int8 with one scale per output
channel (symmetric, no zero point); the file multiplies them back with
DequantizeLinear, so every engine computes in f32 and the file is a quarter of
the size. Biases and activations stay f32.
"""

import copy

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .model import SIZE

OPSET = 17
OUTPUTS = ("expression", "valence_arousal", "action_units", "embedding")


def folded(model, offset=None):
    """A copy for inference: batch norms inside the convolutions, ``offset`` in the bias."""
    model = copy.deepcopy(model).eval()
    for parent in model.modules():
        if isinstance(parent, nn.Sequential) and len(parent) == 2 \
                and isinstance(parent[0], nn.Conv2d) and isinstance(parent[1], nn.BatchNorm2d):
            parent[0], parent[1] = fuse_conv_bn_eval(parent[0], parent[1]), nn.Identity()
    if offset is not None:
        with torch.no_grad():
            model.expression.bias += torch.tensor(offset)
    return model


def quantise(weight):
    """(O, ...) f32 -> int8 of the same shape and (O,) scales, ``weight ~ int8 * scale``."""
    flat = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
    scale = np.where(flat > 0, flat / 127, 1).astype(np.float32)
    spread = scale.reshape(-1, *[1] * (weight.ndim - 1))
    return np.clip(np.rint(weight / spread), -127, 127).astype(np.int8), scale


def with_quantised_weights(model):
    """A copy of a folded model whose weights are what the int8 file holds, as f32."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                q, scale = quantise(module.weight.numpy())
                spread = scale.reshape(-1, *[1] * (q.ndim - 1))
                module.weight.copy_(torch.from_numpy(q.astype(np.float32) * spread))
    return model


def write_f32(model, path, outputs=OUTPUTS):
    """Export a folded model: ``input`` (1, 1, 64, 64) and the named ``outputs``, in the order the model gives them."""
    torch.onnx.export(model, (torch.zeros(1, 1, SIZE, SIZE),), str(path), opset_version=OPSET,
                      input_names=["input"], output_names=list(outputs),
                      do_constant_folding=True, dynamo=False)
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)


def write_int8(source, path):
    """Rewrite an f32 file with int8 weights behind DequantizeLinear; returns how many."""
    model = onnx.load(str(source))
    graph = model.graph
    values = {item.name: item for item in graph.initializer}
    added, nodes, done = [], [], set()
    for node in graph.node:
        name = node.input[1] if node.op_type in ("Conv", "Gemm") else None
        if name in done:
            # An unrolled recurrent cell multiplies by the same weights in every step.
            node.input[1] = f"{name}.f32"
        elif name in values:
            done.add(name)
            if node.op_type == "Gemm":
                attributes = {a.name: a.i for a in node.attribute}
                if attributes.get("transB", 0) != 1:
                    raise ValueError(f"{name}: the output channels of a Gemm must come first")
            q, scale = quantise(numpy_helper.to_array(values.pop(name)))
            added += [numpy_helper.from_array(q, f"{name}.q"),
                      numpy_helper.from_array(scale, f"{name}.scale"),
                      numpy_helper.from_array(np.zeros(len(scale), np.int8), f"{name}.zero")]
            nodes.append(helper.make_node("DequantizeLinear",
                                          [f"{name}.q", f"{name}.scale", f"{name}.zero"],
                                          [f"{name}.f32"], name=f"{name}.dequantise", axis=0))
            node.input[1] = f"{name}.f32"
        nodes.append(node)
    kept = list(values.values()) + added
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return len(added) // 3


def session(path):
    """An ONNX Runtime session on one thread, as the daemon opens it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if not any(node.op_type == "QuantizeLinear" for node in onnx.load(str(path)).graph.node):
        # Weights alone are int8: fused into quantised kernels they would be slower, and give other numbers.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session_, inputs):
    """(N, 1, 64, 64) f32 through a batch-one session: the stacked outputs by name."""
    names = [output.name for output in session_.get_outputs()]
    rows = [session_.run(names, {"input": x[None]}) for x in np.asarray(inputs, np.float32)]
    return {name: np.concatenate(column) for name, column in zip(names, zip(*rows))}
