"""The errors a user of this package can meet; each names the thing and the remedy."""

from __future__ import annotations


class FetchError(Exception):
    """Something a user can act on; the text is printed as it is."""


class DownloadError(FetchError):
    """pip could not obtain a published package."""

    def __init__(self, requirement: str, detail: str) -> None:
        super().__init__(
            f"could not download {requirement}: {detail}\n"
            "Remedy: check the network and pip's index settings, then run again; or put "
            "the wheel in a folder by hand and run again with PIP_NO_INDEX=1 "
            "PIP_FIND_LINKS=FOLDER."
        )


class WrongHashError(FetchError):
    """A file's bytes are not the ones that were pinned."""

    def __init__(self, name: str, expected: str, found: str, remedy: str) -> None:
        super().__init__(
            f"{name} has the wrong SHA-256\n  expected {expected}\n  found    {found}\n"
            f"Remedy: {remedy}"
        )
        self.expected = expected
        self.found = found


class UnsupportedError(FetchError):
    """A TensorFlow Lite model uses something the converter does not translate."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"cannot convert this TensorFlow Lite model: {what}\n"
            "Remedy: add the case to models/fetch/packfetch/operators.py with a test."
        )


class BadManifestError(FetchError):
    """A ``pack.toml`` lacks something this package reads from it."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}\nRemedy: restore the file with git checkout.")
