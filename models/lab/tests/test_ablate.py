"""The table of undone choices is written as it was measured."""

from affectlab import ablate, card


def test_every_choice_is_measured_on_both_parts_and_survives_the_disk(trained, faces_folder, tmp_path):
    rows = ablate.ablate(trained, faces_folder)
    assert len(rows) == 8 and {part for _, part, _, _ in rows} == {"holdout", "valid"}
    ablate.save(rows, tmp_path / "table.toml")
    kept = ablate.load(tmp_path / "table.toml")
    assert [row["what"] for row in kept] == [row[0] for row in rows]
    assert all(abs(row["accuracy"] - was[2]) < 1e-4 for row, was in zip(kept, rows))


def test_a_card_without_ablations_says_so(monkeypatch):
    monkeypatch.setattr(ablate, "load", lambda: [])
    assert card._ablations() == "None were measured."
