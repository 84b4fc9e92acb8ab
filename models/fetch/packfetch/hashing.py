"""SHA-256 of bytes and files as lower-case hexadecimal, and writing a file whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def sha256(data: bytes) -> str:
    """SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def has_hash(path: Path, expected: str) -> bool:
    """Whether ``path`` is a file whose bytes have the SHA-256 ``expected``."""
    return path.is_file() and sha256(path.read_bytes()) == expected


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that a reader finds the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
