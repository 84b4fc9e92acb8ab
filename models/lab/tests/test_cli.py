"""The command line: exit codes, remedies, and the two downloads put together."""

import csv

import numpy as np
import pytest

from affectlab import data
from affectlab.cli import main
from affectlab.labels import VOTE_COLUMNS


def test_help_is_no_error_and_nonsense_is_a_usage_error(capsys):
    assert main(["--help"]) == 0
    assert main(["train", "--help"]) == 0
    assert main(["dance"]) == 64
    assert "COMMAND" in capsys.readouterr().out


def test_missing_data_fails_with_the_remedy(tmp_path, capsys):
    assert main(["train", "--data", str(tmp_path), "--run", str(tmp_path / "run"), "--workers", "1"]) == 1
    assert "README" in capsys.readouterr().err


def test_the_whole_way_in_one_command(faces_folder, tmp_path, capsys):
    pack = tmp_path / "pack"
    assert main(["-q", "mtanet", "--quick", "--data", str(faces_folder), "--run", str(tmp_path / "run"),
                 "--pack", str(pack), "--workers", "1", "--without-photographs"]) == 0
    assert (tmp_path / "run/round-4/last.pt").is_file() and not (tmp_path / "run/round-5").exists()
    assert main(["golden", "--pack", str(pack)]) == 0
    assert "largest difference" in capsys.readouterr().out


def test_a_failing_crew_ends_with_a_message(tmp_path, capsys):
    run = str(tmp_path / "run")
    assert main(["train", "--data", str(tmp_path), "--run", run, "--workers", "2"]) == 1
    assert "a training process failed" in capsys.readouterr().err


def write_downloads(folder, usage_of_votes="Training"):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, 48 * 48) for _ in range(4)]
    usages = ["Training", "Training", "PublicTest", "PrivateTest", "Training"]
    with open(folder / "fer2013.csv", "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["emotion", "pixels", "Usage"])
        for number, usage in zip([0, 1, 1, 2, 3], usages):
            writer.writerow([0, " ".join(map(str, pictures[number])), usage])
    with open(folder / "fer2013new.csv", "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Usage", "Image name", *VOTE_COLUMNS])
        for number, usage in enumerate([usage_of_votes, *usages[1:]]):
            writer.writerow([usage, "" if number == 4 else f"fer{number}.png", 10, *[0] * 9])


def test_downloads_become_one_file_without_repeats_across_splits(tmp_path, capsys):
    write_downloads(tmp_path)
    assert main(["ferplus", "--pictures", str(tmp_path / "fer2013.csv"), "--votes",
                 str(tmp_path / "fer2013new.csv"), "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "2 pictures\n"
    assert len(data.load(tmp_path, "train")) == 1 and len(data.load(tmp_path, "valid")) == 1


def test_downloads_that_do_not_belong_together_are_refused(tmp_path, capsys):
    write_downloads(tmp_path, usage_of_votes="PublicTest")
    assert main(["ferplus", "--pictures", str(tmp_path / "fer2013.csv"), "--votes",
                 str(tmp_path / "fer2013new.csv"), "--data", str(tmp_path)]) == 1
    assert "do not belong together" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["--pictures", "--votes"])
def test_a_missing_download_is_named(tmp_path, capsys, missing):
    write_downloads(tmp_path)
    arguments = {"--pictures": tmp_path / "fer2013.csv", "--votes": tmp_path / "fer2013new.csv"}
    arguments[missing] = tmp_path / "absent.csv"
    flat = [str(part) for pair in arguments.items() for part in pair]
    assert main(["ferplus", *flat, "--data", str(tmp_path)]) == 1
    assert "absent.csv is missing" in capsys.readouterr().err
