"""The teacher's file is read as CTranslate2 writes it, and its encoder computes what a transformer computes."""

import struct

import numpy as np
import pytest
import torch
from made_speech import buzz

from affectlab.data import DataError
from affectlab.voice import whisper


def packed(tensors, specification="WhisperSpec"):
    def text(value):
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    out = struct.pack("<I", 6) + text(specification) + struct.pack("<II", 3, len(tensors))
    for name, values in tensors.items():
        kind = {np.dtype(np.float32): 0, np.dtype(np.float16): 4, np.dtype(np.int8): 1}[values.dtype]
        out += text(name) + struct.pack("<B", values.ndim) + struct.pack(f"<{values.ndim}I", *values.shape)
        out += struct.pack("<BI", kind, values.nbytes) + values.tobytes()
    return out


def encoder_tensors(layers=1, kind=np.float16):
    generator = np.random.default_rng(0)

    def drawn(*shape):
        return (0.02 * generator.standard_normal(shape)).astype(kind)

    out = {"encoder/conv1/weight": drawn(512, 80, 3), "encoder/conv1/bias": drawn(512), "encoder/conv2/weight": drawn(512, 512, 3),
           "encoder/conv2/bias": drawn(512), "encoder/position_encodings/encodings": drawn(1500, 512), "decoder/other": drawn(3)}
    for name in [f"encoder/layer_{place}/{part}" for place in range(layers) for part in ("self_attention", "ffn")] + ["encoder"]:
        out |= {f"{name}/layer_norm/gamma": np.ones(512, kind), f"{name}/layer_norm/beta": drawn(512)}
    for place in range(layers):
        for part, first, second in (("self_attention", (1536, 512), (512, 512)), ("ffn", (2048, 512), (512, 2048))):
            for number, shape in enumerate((first, second)):
                out |= {f"encoder/layer_{place}/{part}/linear_{number}/weight": drawn(*shape),
                        f"encoder/layer_{place}/{part}/linear_{number}/bias": drawn(shape[0])}
    return out


def test_the_encoder_of_a_file_is_read_and_run(tmp_path):
    tensors = encoder_tensors()
    (tmp_path / "model.bin").write_bytes(packed(tensors))
    read = whisper.read(tmp_path / "model.bin")
    assert "decoder/other" not in read and np.array_equal(read["encoder/conv1/bias"].numpy(), tensors["encoder/conv1/bias"].astype(np.float32))
    encoder = whisper.Encoder(read)
    layers = encoder.layers(torch.from_numpy(buzz("happy", 1)))
    assert encoder.count == 1 and [tuple(layer.shape) for layer in layers] == [(75, 512)] * 3

    # The same layer as PyTorch's own.
    own = torch.nn.TransformerEncoderLayer(512, 8, 2048, 0.0, "gelu", batch_first=True, norm_first=True).eval()
    at, ffn = "encoder/layer_0/self_attention", "encoder/layer_0/ffn"
    pairs = {"self_attn.in_proj_weight": f"{at}/linear_0/weight", "self_attn.in_proj_bias": f"{at}/linear_0/bias",
             "self_attn.out_proj.weight": f"{at}/linear_1/weight", "self_attn.out_proj.bias": f"{at}/linear_1/bias",
             "norm1.weight": f"{at}/layer_norm/gamma", "norm1.bias": f"{at}/layer_norm/beta", "norm2.weight": f"{ffn}/layer_norm/gamma",
             "norm2.bias": f"{ffn}/layer_norm/beta", "linear1.weight": f"{ffn}/linear_0/weight", "linear1.bias": f"{ffn}/linear_0/bias",
             "linear2.weight": f"{ffn}/linear_1/weight", "linear2.bias": f"{ffn}/linear_1/bias"}
    own.load_state_dict({name: read[place] for name, place in pairs.items()})
    with torch.no_grad():
        assert (own(layers[0][None])[0] - layers[1]).abs().max() < 1e-4


def test_louder_sound_is_the_same_to_it_but_for_a_shift():
    bands = whisper.slaney_bands()
    sound = torch.from_numpy(buzz("sad", 2))
    difference = whisper.log_mel(2 * sound, bands) - whisper.log_mel(sound, bands)
    assert torch.allclose(difference, torch.full_like(difference, 2 * np.log10(2) / 4), atol=1e-3)


@pytest.mark.parametrize("content, message", [
    (packed(encoder_tensors(), "TransformerSpec"), "not WhisperSpec"),
    (packed(encoder_tensors())[:5000], "not a whole"),
    (packed({"encoder/conv1/weight": np.zeros((512, 80, 1), np.float32)}), "not Whisper base"),
    (b"", "not a whole"),
])
def test_other_files_are_refused(tmp_path, content, message):
    (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(DataError, match=message):
        whisper.read(tmp_path / "model.bin")
