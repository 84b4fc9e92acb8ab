"""What the mesh is shown, on pictures made here, and the pack that was made of it."""

import json
import tomllib

import numpy as np
import pytest

from affectlab import data, export, labels, measure, mesh, mesh_pack, photographs, pls, template

from test_photographs import write_archive

PACK = mesh_pack.Path(__file__).parents[2] / "geometry"
FIGURES = {
    "fit": {"crops": 8, "photographs": 3, "components": 5, "unseen": 0.02, "usual": [0.1, -0.2], "n": 60,
            "valid": [0.64, 0.65], "n_photographs": 7, "photographs_held": [0.59, 0.44]},
    "rows": [{"pack": "geometry", "valid": [0.64, 0.65], "photographs": [0.59, 0.44], "bytes": 2449531,
              "ms": {"tract": 6.31}},
             {"pack": "mtanet", "valid": [0.92, 0.9], "photographs": [0.8, 0.73], "bytes": 1347144,
              "ms": {"tract": 2.5, "ort": 0.9}}],
}


class Shown:
    """A session that remembers what it was shown and finds points and a face in it."""

    def __init__(self):
        self.inputs = []

    def run(self, names, inputs):
        self.inputs.append(inputs["input"])
        if names == ["points", "face"]:
            assert inputs["input"].shape == (1, 3, mesh.SIDE, mesh.SIDE)
            points = np.arange(3 * mesh.POINTS, dtype=np.float32)[None]
            return points, np.array([[7.0]], np.float32)
        scores = np.full((1, 896, 1), -9, np.float32)
        return np.zeros((1, 896, 16), np.float32), scores


@pytest.fixture
def looked(monkeypatch):
    manifest = tomllib.loads((PACK / "pack.toml").read_text())
    monkeypatch.setattr(measure, "open_pack", lambda _folder: (manifest, "file"))
    monkeypatch.setattr(export, "session", lambda _path: Shown())
    return mesh.Mesh(PACK, "detector")


def test_a_crop_without_a_found_face_is_laid_by_its_usual_points_and_its_edge_goes_on(looked, faces_folder):
    faces = data.some(data.load(faces_folder, "valid"), 3)
    seen = looked.crops(faces)
    assert seen.points.shape == (3, mesh.POINTS, 2) and seen.points[0, 1].tolist() == [3, 4] and seen.face.tolist() == [7] * 3
    np.testing.assert_array_equal(seen.va, faces.va.numpy())
    shown = looked.session.inputs[0][0]
    assert (shown[0] == shown[1]).all() and (shown[0] == shown[2]).all() and 0 <= shown.min() and shown.max() <= 1
    # The crop is narrower than what the mesh is shown: the columns at the sides repeat.
    assert (shown[0, :, 0] == shown[0, :, 1]).all() and not (shown[0, :, 95] == shown[0, :, 96]).all()


def test_photographs_are_shown_in_colour_red_first_and_most_of_a_label_are_kept(looked, tmp_path, monkeypatch):
    write_archive(tmp_path)
    blue = np.zeros((20, 30, 3), np.uint8)
    blue[:, :, 0] = 200
    rows = [(4, f"person {number}", "file", blue) for number in range(6)]
    monkeypatch.setattr(photographs, "read", lambda _folder, wanted: (row for row in rows if wanted(row[1])))
    points = np.array([[8, 6], [16, 6], [12, 10], [12, 14]], float)
    monkeypatch.setattr(photographs, "find_points", lambda *_: (0.9, points))
    others = sum(not photographs.is_held(row[1]) for row in rows)
    assert others > 2
    seen = looked.photographs(tmp_path, held=False, most=2)
    assert len(seen) == 2 and seen.label.tolist() == [4, 4]
    np.testing.assert_allclose(seen.va[0], labels.VALENCE_AROUSAL["happiness"], atol=1e-6)
    red, _, blue = looked.session.inputs[0][0]
    assert red.max() == 0 and abs(blue.max() - 200 / 255) < 1e-6
    assert len(seen + seen) == 4 and len(seen.take([0])) == 1


def test_points_are_framed_as_mediapipe_frames_them_however_the_head_is_tilted():
    points = np.array([[40.0, 50], [60, 50], [50, 60], [50, 70]])
    straight = mesh.framed(points, np.array([50.0, 60]), np.array([40.0, 36]))
    np.testing.assert_allclose(straight, [[1 / 3, 1 / 3], [2 / 3, 1 / 3], [0.5, 0.5], [0.5, 2 / 3]])
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    tilted = mesh.framed(points @ turn.T, turn @ [50.0, 60], np.array([40.0, 36]))
    np.testing.assert_allclose(tilted, straight, atol=1e-12)


def test_too_few_faces_make_no_template():
    with pytest.raises(template.TemplateError, match="3 of 40 pictures only"):
        template.summary(np.zeros((3, 4, 2)), 40)


def test_the_table_has_a_row_a_pack_and_a_column_an_engine():
    lines = mesh_pack.table(FIGURES["rows"]).splitlines()
    assert lines[0].endswith("| file | one face, tract | one face, ort |") and len(lines) == 4
    assert lines[2] == "| `geometry` | 0.64, 0.65 | 0.59, 0.44 | 2.45 MB | 6.3 ms |  |"


def test_the_card_says_what_was_measured_and_leaves_nothing_open():
    text = mesh_pack.card(FIGURES)
    assert "{{" not in text and "5 components" in text and "60 crops" in text and "On 2.0 % of" in text


def test_the_committed_card_is_the_one_its_figures_make_and_so_are_the_packs_measured_values():
    figures = json.loads((PACK / "figures.json").read_text())
    assert (PACK / "CARD.md").read_text() == mesh_pack.card(figures)
    measured = {entry["what"]: entry["value"] for entry in tomllib.loads((PACK / "pack.toml").read_text())["measured"]}
    assert [measured[f"concordance (CCC), {name} pseudo-label"] for name in ("valence", "arousal")] == figures["fit"]["valid"]


def test_a_program_that_does_not_run_is_named_with_the_remedy():
    with pytest.raises(measure.PackError, match="--affectd"):
        mesh_pack._cost("/nowhere/affectd", PACK)


def test_the_file_of_the_pack_says_what_the_coefficients_say():
    """Needs the complete pack: 'make models'."""
    try:
        _, file = measure.open_pack(PACK)
    except measure.PackError as error:
        pytest.skip(str(error))
    with np.load(PACK / mesh_pack.COEFFICIENTS) as archive:
        estimator = pls.Estimator(**archive, components=0)
    pictures = np.fromfile(PACK / "golden" / "input.f32", "<f4").reshape(-1, 1, 3, mesh.SIDE, mesh.SIDE)
    session = export.session(file)
    for picture in pictures:
        said, points, face = session.run(["valence_arousal", "points", "face"], {"input": picture})
        points = points.reshape(1, mesh.POINTS, 3)[:, :, :2]
        np.testing.assert_allclose(said, estimator(points, face[0]), atol=1e-3)
