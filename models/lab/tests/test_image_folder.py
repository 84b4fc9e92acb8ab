"""A folder of pictures with a list: what is read, and what is refused with which words."""

import cv2
import numpy as np
import pytest
import torch
from conftest import draw

from affectlab import cli, counts, data, image_folder, labels
from affectlab.labels import EXPRESSIONS

HEAD = "image,label,valence,arousal,person,split"


def write(folder, lines, head=HEAD, pictures=("a.png", "b.png", "deep/c.png", "d.png")):
    rng = np.random.default_rng(0)
    (folder / "deep").mkdir(exist_ok=True)
    for kind, name in enumerate(pictures):
        cv2.imwrite(str(folder / name), draw(kind, rng))
    (folder / "labels.csv").write_text("\n".join([head, *lines]) + "\n")
    return folder


GOOD = ("a.png,happiness,0.5,0.25,ann,train", "b.png,anger,,,ben,train", "deep/c.png,,-0.5,0,cleo,train", "d.png,fear,,,dan,valid")


def test_pictures_and_labels_are_read_and_what_is_unknown_is_masked(tmp_path):
    faces = image_folder.load(write(tmp_path, GOOD), "train")
    assert faces.images.shape == (3, 64, 64) and faces.images.dtype == torch.uint8
    assert faces.images.float().std() > 10
    assert faces.label.tolist() == [EXPRESSIONS.index("happiness"), EXPRESSIONS.index("anger"), -1]
    assert torch.isnan(faces.target[2]).all() and faces.target[:2].sum(1).tolist() == [1, 1]
    rated, pseudo = faces.va[[0, 2]], faces.va[1]
    assert torch.equal(rated, torch.tensor([[0.5, 0.25], [-0.5, 0.0]]))
    assert pseudo.tolist() == pytest.approx(labels.VALENCE_AROUSAL["anger"])
    assert torch.isnan(faces.units).all()
    assert len(image_folder.load(tmp_path, "valid")) == 1


def test_without_a_split_people_are_on_one_side_only(tmp_path):
    names = [f"p{number}.png" for number in range(60)]
    folder = write(tmp_path, [f"{name},neutral,person {number // 3}" for number, name in enumerate(names)],
                   "image,label,person", names)
    rows = image_folder.read(folder)
    sides = {part: {row.person for row in rows if row.split == part} for part in image_folder.PARTS}
    assert sides["train"] and sides["valid"] and not sides["train"] & sides["valid"]
    assert len(sides["train"]) > len(sides["valid"])


@pytest.mark.parametrize("lines, head, words", [
    ([], HEAD, "lists no picture"),
    (["a.png"], "image", "lacks the column 'label'"),
    (["a.png,happiness,1"], "image,label,age", "column 'age'"),
    (["a.png,happiness,1"], "image,label,valence", "only one of valence and arousal"),
    (["a.png,happy,,,ann,train"], HEAD, "line 2: 'happy' is no label"),
    (["gone.png,anger,,,ann,train"], HEAD, "there is no picture"),
    (["../a.png,anger,,,ann,train"], HEAD, "no path below the folder"),
    (["a.png,anger,1.5,0,ann,train"], HEAD, "between -1 and 1"),
    (["a.png,anger,nan,0,ann,train"], HEAD, "between -1 and 1"),
    (["a.png,anger,much,0,ann,train"], HEAD, "no valence and arousal"),
    (["a.png,anger,0.1,,ann,train"], HEAD, "only one of valence and arousal"),
    (["a.png,,,,ann,train"], HEAD, "nothing is said"),
    (["a.png,anger,,,ann,test"], HEAD, "'test' is no split"),
    (["a.png,anger"], HEAD, "as many values as columns"),
    (["a.png,anger,,,ann,train,more"], HEAD, "as many values as columns"),
    (["a.png,anger,,,ann,train", "a.png,fear,,,ann,train"], HEAD, "2 times"),
    (["a.png,anger,,,ann,train", "b.png,fear,,,ann,valid"], HEAD, "'ann' is in both splits"),
])
def test_wrong_lists_are_refused_with_the_place_and_the_remedy(tmp_path, lines, head, words):
    with pytest.raises(data.DataError, match=words):
        image_folder.read(write(tmp_path, lines, head))


def test_a_file_that_is_no_picture_is_named(tmp_path):
    folder = write(tmp_path, GOOD)
    (folder / "b.png").write_text("no picture")
    with pytest.raises(data.DataError, match="b.png is not a picture"):
        image_folder.load(folder, "train")


def test_a_missing_list_and_an_empty_part_say_so(tmp_path):
    with pytest.raises(data.DataError, match="labels.csv is missing"):
        image_folder.load(tmp_path, "train")
    with pytest.raises(data.DataError, match="no picture in the part 'valid'"):
        image_folder.load(write(tmp_path, GOOD[:2]), "valid")


def test_the_counts_are_those_of_the_list(tmp_path):
    rows = counts.images(write(tmp_path, GOOD)).splitlines()
    assert "| happiness | 1 | 0 |" in rows and "| fear | 0 | 1 |" in rows and "| all | 2 | 1 |" in rows


def test_the_counts_of_the_training_pictures_are_printed(faces_folder, capsys):
    assert cli.main(["counts", "--of", "ferplus", "--data", str(faces_folder)]) == 0
    rows = capsys.readouterr().out.splitlines()
    total = next(row for row in rows if row.startswith("| all"))
    assert sum(int(cell) for cell in total.split("|")[2:5]) == 300
