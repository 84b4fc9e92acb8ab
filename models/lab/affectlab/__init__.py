"""The recipes that make affectd's model packs.

Data flow of a face recipe::

    ferplus.npz -> data -> augment -> model -> losses -> train -> checkpoint
    checkpoint  -> evaluate (figures) -> export (ONNX, int8 weights) -> pack (folder)

Run ``python -m affectlab --help`` for the commands.
"""

__version__ = "0.1.0"
