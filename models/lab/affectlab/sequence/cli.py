"""The commands ``python -m affectlab sequence …``."""

from pathlib import Path

LAB = Path(__file__).parents[2]
MODELS = LAB.parent
RUN = LAB / "runs" / "sequence"
# Sequences of each part: six seconds each.
COUNTS = {"fit": 1600, "holdout": 400, "valid": 600}
SYSTEMS = ("spatial-temporal", "jin-2021", "progressive")


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
    action.add_argument("--share", type=float, default=1.0, metavar="X",
                        help="of the usual number of sequences, the first (default: 1)")
    action.add_argument("--quick", action="store_true", help="a twentieth of the sequences, from 500 pictures, to see that it runs")

    action = add("voices", "Keep a voice pack's embeddings of recorded emotions, to be laid beside composed faces.", data=True)
    action.add_argument("--voice", type=Path, default=MODELS / "voice", metavar="DIR", help="the voice pack (default: ../voice)")
    action.add_argument("--quick", action="store_true", help="forty recordings of each part, to see that it runs")

    def add_system(action, kind):
        action.add_argument("system", choices=sorted(SYSTEMS), help=f"which {kind}")
        action.add_argument("--models", type=Path, default=MODELS, metavar="DIR", help="folder of the packs (default: ..)")
        action.add_argument("--face", metavar="NAME", help="read the embeddings of this frame pack instead of the system's own")

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
        made = compose.of_pack(pictures, max(1, round(count * (0.05 if options.quick else options.share))), part, face)
        made.save(work.composed(options.run, face.name, part))
        print(f"{part}: {len(made)} composed sequences, {len(made.embedding)} frames, from {len(pictures)} pictures")


def _system(options):
    """The module of the system that was named."""
    from . import audio_visual, convergence, spatial_temporal

    return {"spatial-temporal": spatial_temporal, "jin-2021": audio_visual, "progressive": convergence}[options.system]


def _voices(options):
    from . import voices, work

    voice = voices.Voice(options.voice)
    for part in COUNTS:
        read = voices.read(options.data, part, voice, 40 if options.quick else None)
        read.save(work.heard(options.run, voice.name, part))
        print(f"{part}: {len(read.label)} recordings")


def _train(options):
    for path in _system(options).train(options):
        print(path)


def _figures(rows, seen):
    from . import figures

    print("\n".join(figures.lines(rows)))
    for name, row in seen.items():
        print(f"{name}: " + ", ".join(f"{reader} {value:.2f}" for reader, value in row.items()))


def _pack(options):
    _figures(*_system(options).pack(options))


def _measure(options):
    _figures(*_system(options).measured(options))


def run(options):
    """Do what was asked for."""
    import torch

    torch.set_num_threads(1)
    {"compose": _compose, "voices": _voices, "train": _train, "pack": _pack, "measure": _measure}[options.action](options)
