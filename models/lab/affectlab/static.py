"""Static quantisation: activations in u8, weights in s8, between QuantizeLinear and DequantizeLinear.

The form that ONNX Runtime and NPU compilers turn into integer arithmetic.
The range of every activation is what it takes on the calibration set: crops
of the training part, half of them damaged as in training, so that bad light
does not fall out of the range. tract runs such a file as f32 and gains nothing.
"""

import tempfile
from pathlib import Path

import torch

from . import augment, data
from .picture import to_input

CALIBRATION = 512


def calibration_set(folder, count=CALIBRATION):
    """(N, 1, 64, 64) inputs, always the same: at most ``count`` crops of the training part, half of them damaged."""
    images = data.some(data.load(folder, "fit"), count).images
    generator = torch.Generator().manual_seed(0)
    clean, worse = images[::2], images[1::2]
    parts = [to_input(clean)] + ([augment.augment(worse, generator)] if len(worse) else [])
    return torch.cat(parts).numpy()


def write(source, path, inputs):
    """Quantise the f32 file ``source`` by what its activations are on ``inputs`` (N, 1, 64, 64)."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Inputs(quantization.CalibrationDataReader):
        def __init__(self):
            self.rows = iter(inputs)

        def get_next(self):
            row = next(self.rows, None)
            return None if row is None else {"input": row[None]}

    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(prepared), str(path), Inputs(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax)
