"""From a trained sequence model to ONNX, with the face recipe's quantisation of weights.

Linear and convolutional weights become int8, one scale per output channel;
recurrent cells are made of linear layers too. The legacy exporter unrolls them.
"""

import copy

import numpy as np
import onnx
import torch
from torch import nn

from .. import export

OPSET = export.OPSET


def with_quantised_weights(model):
    """A copy whose weights are what the int8 file holds, as f32."""
    model = copy.deepcopy(model).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.Conv1d, nn.Linear)):
                q, scale = export.quantise(module.weight.numpy())
                spread = scale.reshape(-1, *[1] * (q.ndim - 1))
                module.weight.copy_(torch.from_numpy(q.astype(np.float32) * spread))
    return model


def write_f32(model, path):
    """Export: ``input`` (1, frames, columns) and one output for each task, named as it is."""
    design = model.design
    torch.onnx.export(copy.deepcopy(model).eval(), (torch.zeros(1, design.frames, design.columns),), str(path),
                      opset_version=OPSET, input_names=["input"], output_names=list(design.tasks),
                      do_constant_folding=True, dynamo=False)
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)


def answers(model, x):
    """Outputs by task, f32, of (N, frames, columns) windows."""
    with torch.no_grad():
        said = copy.deepcopy(model).eval()(torch.from_numpy(np.asarray(x, np.float32)))
    return {task: value.numpy() for task, value in zip(model.design.tasks, said)}
