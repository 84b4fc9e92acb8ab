"""Each operator against the TensorFlow Lite interpreter, on models made here."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import tflite
import tiny_models as tiny
from tiny_tflite import Writer

from packfetch.convert import to_onnx, to_onnx_with
from packfetch.errors import UnsupportedError
from packfetch.record import run_tflite

HEIGHT, WIDTH = 7, 10


def picture_model() -> tuple[Writer, int]:
    writer = Writer()
    return writer, writer.tensor(1, HEIGHT, WIDTH, 3)


def compare(writer: Writer, source: int, output: int, name: str = "out") -> None:
    """The converted model must give what TensorFlow Lite gives, for a random picture."""
    data = writer.finish([source], [output])
    picture = tiny.random(7, 1, HEIGHT, WIDTH, 3)
    (expected,) = run_tflite(data, picture)
    session = onnxruntime.InferenceSession(
        to_onnx(data, "tiny", [name]), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run([name], {"input": picture.transpose(0, 3, 1, 2)})
    assert found.shape == expected.shape
    assert np.ptp(expected) > 0.1, "the model must not give a constant"
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "out"),
    [
        ((3, 3), 1, tiny.SAME, (7, 10)),
        ((5, 5), 2, tiny.SAME, (4, 5)),
        ((2, 4), 2, tiny.SAME, (4, 5)),
        ((3, 2), 2, tiny.VALID, (3, 5)),
    ],
)
def test_a_convolution_keeps_its_padding_and_stride(kernel, stride, padding, out):
    writer, source = picture_model()
    weights = tiny.random(3, 4, *kernel, 3)
    result = tiny.conv(writer, source, weights, (1, *out, 4), stride=stride, padding=padding)
    compare(writer, source, tiny.flatten(writer, result, out[0] * out[1], 4))


def test_a_dilated_convolution_reaches_as_far():
    writer, source = picture_model()
    result = tiny.conv(writer, source, tiny.random(3, 4, 3, 3, 3), (1, 7, 10, 4), dilation=2)
    compare(writer, source, tiny.flatten(writer, result, 70, 4))


def test_an_activation_fused_into_a_convolution_is_applied():
    writer, source = picture_model()
    result = tiny.conv(
        writer, source, tiny.random(3, 4, 1, 1, 3), (1, 7, 10, 4), activation=tiny.RELU
    )
    compare(writer, source, tiny.flatten(writer, result, 70, 4))


def test_a_depthwise_convolution_keeps_channels_apart():
    writer, source = picture_model()
    result = tiny.depthwise(writer, source, tiny.random(4, 1, 3, 5, 3), (1, 4, 5, 3), stride=2)
    compare(writer, source, tiny.flatten(writer, result, 20, 3))


@pytest.mark.parametrize(("padding", "out"), [(tiny.SAME, (4, 5)), (tiny.VALID, (3, 5))])
def test_the_largest_of_each_window_is_pooled(padding, out):
    writer, source = picture_model()
    result = tiny.max_pool(writer, source, (1, *out, 3), padding=padding)
    compare(writer, source, tiny.flatten(writer, result, out[0] * out[1], 3))


@pytest.mark.parametrize("corners", [{}, {"half_pixel": True}, {"align_corners": True}])
def test_a_picture_is_enlarged_with_the_corners_where_they_were(corners):
    writer, source = picture_model()
    result = tiny.resize(writer, source, (1, 14, 20, 3), **corners)
    compare(writer, source, tiny.flatten(writer, result, 280, 3))


def test_a_picture_of_another_size_has_other_rows():
    writer, source = picture_model()
    smaller = tiny.conv(writer, source, tiny.random(3, 4, 3, 3, 3), (1, 4, 5, 4), stride=2)
    result = tiny.resize(writer, smaller, (1, 8, 10, 4), half_pixel=True)
    data = writer.finish([source], [tiny.flatten(writer, result, 80, 4)])
    session = onnxruntime.InferenceSession(to_onnx(data, "tiny", ["out"]))
    assert session.get_inputs()[0].shape == [1, 3, "height", "width"]
    (found,) = session.run(["out"], {"input": np.zeros((1, 3, 21, 32), np.float32)})
    assert found.shape == (1, 22 * 32, 4)


def test_an_enlargement_by_a_part_is_refused():
    writer, source = picture_model()
    result = tiny.resize(writer, source, (1, 10, 20, 3))
    data = writer.finish([source], [tiny.flatten(writer, result, 200, 3)])
    with pytest.raises(UnsupportedError, match="whole number"):
        to_onnx(data, "tiny", ["out"])


def test_each_channel_leaks_by_its_own_slope():
    writer, source = picture_model()
    result = tiny.prelu(writer, source, (1, HEIGHT, WIDTH, 3))
    compare(writer, source, tiny.flatten(writer, result, 70, 3))


def test_slopes_for_each_pixel_are_refused():
    writer, source = picture_model()
    slopes = writer.float16_weights(tiny.random(6, HEIGHT, WIDTH, 3))
    shape = (1, HEIGHT, WIDTH, 3)
    result = writer.operator(tflite.BuiltinOperator.PRELU, [source, slopes], shape)
    data = writer.finish([source], [tiny.flatten(writer, result, 70, 3)])
    with pytest.raises(UnsupportedError, match="slopes of shape"):
        to_onnx(data, "tiny", ["out"])


def one_pixel() -> tuple[Writer, int, int]:
    """A picture and its four channels of one pixel."""
    writer, source = picture_model()
    weights = tiny.random(3, 4, HEIGHT, WIDTH, 3)
    return writer, source, tiny.conv(writer, source, weights, (1, 1, 1, 4), padding=tiny.VALID)


def test_a_head_goes_on_from_the_networks_numbers():
    writer, source, result = one_pixel()
    data = writer.finish([source], [result])

    def twice(graph, values):
        graph.node("Add", [values[0], values[0]], "twice")
        return {"twice": (1, 4)}

    session = onnxruntime.InferenceSession(to_onnx_with(data, "tiny", twice))
    assert session.get_inputs()[0].shape == [1, 3, HEIGHT, WIDTH]
    picture = tiny.random(7, 1, HEIGHT, WIDTH, 3)
    (found,) = session.run(["twice"], {"input": picture.transpose(0, 3, 1, 2)})
    (expected,) = run_tflite(data, picture)
    np.testing.assert_allclose(found, 2 * expected.reshape(1, 4), atol=1e-4)


def test_a_head_needs_outputs_of_one_pixel():
    writer, source = picture_model()
    data = writer.finish([source], [tiny.relu(writer, source, (1, HEIGHT, WIDTH, 3))])
    with pytest.raises(UnsupportedError, match="not one pixel"):
        to_onnx_with(data, "tiny", lambda graph, values: {})


def test_padding_goes_to_the_axis_it_names():
    writer, source = picture_model()
    result = tiny.pad(writer, source, [[0, 0], [1, 2], [3, 0], [0, 5]], (1, 10, 13, 8))
    compare(writer, source, tiny.flatten(writer, result, 130, 8))


def test_the_padding_value_has_rank_zero():
    writer, source = picture_model()
    result = tiny.pad(writer, source, [[0, 0], [0, 0], [0, 0], [0, 1]], (1, 7, 10, 4))
    data = writer.finish([source], [tiny.flatten(writer, result, 70, 4)])
    model = onnx.load_model_from_string(to_onnx(data, "tiny", ["out"]))
    (node,) = [node for node in model.graph.node if node.op_type == "Pad"]
    (zero,) = [value for value in model.graph.initializer if value.name == node.input[2]]
    assert list(zero.dims) == []


def test_a_residual_sum_with_activation():
    writer, source = picture_model()
    shape = (1, HEIGHT, WIDTH, 3)
    side = tiny.relu(writer, source, shape)
    result = tiny.add(writer, source, side, shape, activation=tiny.RELU)
    compare(writer, source, tiny.flatten(writer, result, 70, 3))


@pytest.mark.parametrize(
    ("axis", "shape"), [(1, (1, 14, 10, 3)), (3, (1, 7, 10, 6)), (-1, (1, 7, 10, 6))]
)
def test_pictures_are_joined_along_the_named_axis(axis, shape):
    writer, source = picture_model()
    side = tiny.relu(writer, source, (1, HEIGHT, WIDTH, 3))
    result = tiny.concatenate(writer, [source, side], axis, shape)
    compare(writer, source, tiny.flatten(writer, result, shape[1] * shape[2], shape[3]))


def test_rows_are_joined_along_the_named_axis():
    writer, source = picture_model()
    side = tiny.relu(writer, source, (1, HEIGHT, WIDTH, 3))
    rows = [tiny.flatten(writer, tensor, 70, 3) for tensor in (source, side)]
    compare(writer, source, tiny.concatenate(writer, rows, 1, (1, 140, 3)))


def test_equal_input_gives_equal_bytes():
    def made() -> bytes:
        writer, source = picture_model()
        result = tiny.conv(writer, source, tiny.random(3, 4, 3, 3, 3), (1, 7, 10, 4))
        data = writer.finish([source], [tiny.flatten(writer, result, 70, 4)])
        return to_onnx(data, "tiny", ["out"])

    assert made() == made()


def test_an_unknown_operator_is_refused_by_name():
    writer, source = picture_model()
    result = writer.operator(tflite.BuiltinOperator.TANH, [source], (1, HEIGHT, WIDTH, 3))
    data = writer.finish([source], [tiny.flatten(writer, result, 70, 3)])
    with pytest.raises(UnsupportedError, match="TANH"):
        to_onnx(data, "tiny", ["out"])


def test_an_unknown_activation_is_refused():
    writer, source = picture_model()
    result = tiny.conv(
        writer,
        source,
        tiny.random(3, 4, 1, 1, 3),
        (1, 7, 10, 4),
        activation=tflite.ActivationFunctionType.TANH,
    )
    data = writer.finish([source], [tiny.flatten(writer, result, 70, 4)])
    with pytest.raises(UnsupportedError, match="activation"):
        to_onnx(data, "tiny", ["out"])


def test_the_number_of_outputs_must_be_the_number_named():
    writer, source = picture_model()
    data = writer.finish([source], [tiny.flatten(writer, source, 70, 3)])
    with pytest.raises(UnsupportedError, match="1 outputs where 2"):
        to_onnx(data, "tiny", ["one", "two"])


def test_bytes_of_something_else_are_refused():
    with pytest.raises(UnsupportedError, match="not a TensorFlow Lite model"):
        to_onnx(b"<!doctype html>" * 10, "tiny", ["out"])
