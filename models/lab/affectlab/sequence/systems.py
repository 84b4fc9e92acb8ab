"""Which head belongs to which published system, and what was changed to make it fit.

Widths are those of our embeddings, 128 instead of 512 or 768 numbers: the
figures in the cards say what that costs. ``docs`` of each change are in the
``about-*.md`` beside this file, from which the cards are written.
"""

from dataclasses import dataclass, replace

from .heads import Design
from .learn import Plan

VERSION = "0.1.0"
ALL_TASKS = ("expression", "valence_arousal", "action_units")


@dataclass(frozen=True)
class Recipe:
    """How one sequence pack is made: its name, what it reads, its form and its training.

    ``about``: the text about the published system; ``design`` has the embeddings' sizes still open.
    """

    name: str
    summary: str
    about: str
    face: str
    design: Design
    plan: Plan
    voice: str = ""

    def form(self, face, voice=0):
        """The ``Design`` for embeddings of these sizes."""
        return replace(self.design, face=face, voice=voice)


_NINE = {"frames": 9, "predicts": "middle", "face": 0, "tasks": ALL_TASKS}

# Mao, Fan, Peng (2021): nine frames, the middle one is predicted, edges are repeated.
SPATIAL_TEMPORAL_GRU = Recipe(
    "spatial-temporal-gru", "Expression, valence, arousal and action units of the middle of nine rows, by a bidirectional GRU.",
    "spatial-temporal", "mtanet", Design("bigru", hidden=64, **_NINE), Plan(epochs=7))
SPATIAL_TEMPORAL_TRANSFORMER = Recipe(
    "spatial-temporal-transformer", "Expression, valence, arousal and action units of the middle of nine rows, by a Transformer.",
    "spatial-temporal", "mtanet", Design("transformer", layers=2, heads=2, key=64, inner=512, places=True, **_NINE),
    Plan(epochs=6, steps=100))
ENSEMBLE = "spatial-temporal"
BRANCHES = (SPATIAL_TEMPORAL_GRU, SPATIAL_TEMPORAL_TRANSFORMER)

# Jin, Zheng, Gao, Xu (2021): 30 frames, both embeddings side by side, one layer of eight heads, windows ten rows apart.
JIN = Recipe(
    "jin-2021", "Action units and expression of a face and a voice over three seconds, by a Transformer.", "jin-2021", "jin-2021-face",
    Design("transformer", 30, "newest", 0, width=0, layers=1, heads=8, key=16, inner=384, tasks=("expression", "action_units")),
    Plan(epochs=8, steps=120, batch=48, hop=10, every_row=True, lose=0.3, smoothing=0.1, unit_weight=1.0,
         positive=(1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 6.0, 6.0, 5.0, 1.0, 5.0)),
    voice="voice")

# Liu et al. (2024): leaky ReLU, then one of three bodies, every row judged; six sigmoids by the curriculum.
PROGRESSIVE = Recipe(
    "progressive", "Expression, valence, arousal, action units and compound expressions of the newest of five rows.", "progressive",
    "progressive-face",
    Design("transformer", 5, "newest", 0, width=0, leak=True, layers=2, heads=4, key=32, inner=512, hidden=128,
           channels=(128, 96, 48), tasks=(*ALL_TASKS, "compound")),
    Plan(epochs=16, steps=80, batch=128, hop=5, every_row=True, curriculum=True, mixup=0.2))

RECIPES = {recipe.name: recipe for recipe in (*BRANCHES, JIN, PROGRESSIVE)}
