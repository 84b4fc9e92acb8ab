"""The commands ``python -m affectlab sequence …``."""

import argparse
from pathlib import Path

LAB = Path(__file__).parents[2]
MODELS = LAB.parent
RUN = LAB / "runs" / "sequence"
# Sequences of each part: six seconds each.
COUNTS = {"fit": 1600, "holdout": 400, "valid": 600}
SYSTEMS = ("spatial-temporal",)


def add_commands(commands):
    """Add ``sequence`` and what it can do to the parser's commands."""
    sequence = commands.add_parser("sequence", help="Compose sequences; train, pack and measure models that read them.",
                                   description="Sequences composed from still pictures, and the models that read them.")
    actions = sequence.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name, help_, data=False):
        action = actions.add_parser(name, help=help_, description=help_)
        action.add_argument("--run", type=Path, default=RUN, metavar="DIR",
                            help="folder of composed sequences and checkpoints (default: runs/sequence)")
        if data:
            action.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that holds ferplus.npz")
        return action

    action = add("compose", "Compose sequences from still pictures and keep a frame pack's embeddings of them.", data=True)
    action.add_argument("--face", type=Path, default=MODELS / "mtanet", metavar="DIR",
                        help="the frozen frame pack (default: ../mtanet)")
    action.add_argument("--photographs", type=Path, metavar="FILE", help="what 'photographs' wrote; FER+ alone without")
    action.add_argument("--landmarks", type=Path, metavar="FILE",
                        help="what 'affectlab.blendshapes' wrote; without, the emotions alone say what the action units do")
    action.add_argument("--quick", action="store_true", help="a twentieth of the sequences, to see that it runs")

    def add_system(action, kind):
        action.add_argument("system", choices=sorted(SYSTEMS), help=f"which {kind}")
        action.add_argument("--models", type=Path, default=MODELS, metavar="DIR", help="folder of the packs (default: ..)")

    action = add("train", "Train the sequence models of a system on composed sequences.")
    add_system(action, "system to train")
    for name, help_ in (("pack", "Write the packs of a trained system, with figures and cards."),
                        ("measure", "Measure packs on held-out composed sequences and on real clips, and print the figures.")):
        action = add(name, help_)
        add_system(action, "system's packs")
        action.add_argument("--clips", type=Path, metavar="DIR", help="folder of clips to count label flips on")
        action.add_argument("--detector", type=Path, default=MODELS / "blazeface-short" / "blazeface-short.onnx",
                            metavar="FILE", help="blazeface-short.onnx, from 'make models'")


def _compose(options):
    from .. import action_units
    from ..photographs import Photographs
    from . import compose, stills, work

    face = compose.Frame(options.face)
    found = Photographs.load(options.photographs) if options.photographs else None
    landmarks = action_units.Landmarks(options.landmarks) if options.landmarks else None
    for part, count in COUNTS.items():
        pictures = stills.gather(options.data, part, face, found, landmarks, 500 if options.quick else None)
        made = compose.of_pack(pictures, count // 20 if options.quick else count, part, face)
        made.save(work.composed(options.run, face.name, part))
        print(f"{part}: {len(made)} composed sequences, {len(made.embedding)} frames, from {len(pictures)} pictures")


def _train(options):
    from . import compose, systems, work

    face = compose.Frame(options.models / "mtanet")
    for recipe in systems.BRANCHES:
        print(work.train(recipe, options.run, face))


def _figures(options, do):
    from . import compose, figures

    face = compose.Frame(options.models / "mtanet")
    rows, seen = do(options.run, options.models, face, options.detector, options.clips)
    print("\n".join(figures.lines(rows)))
    for name, row in seen.items():
        print(f"{name}: " + ", ".join(f"{reader} {value:.2f}" for reader, value in row.items()))


def _pack(options):
    from . import work

    _figures(options, work.pack_spatial_temporal)


def _measure(options):
    from . import work

    _figures(options, work.measure_spatial_temporal)


def run(options):
    """Do what was asked for."""
    import torch

    torch.set_num_threads(1)
    {"compose": _compose, "train": _train, "pack": _pack, "measure": _measure}[options.action](options)
