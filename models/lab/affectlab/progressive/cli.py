"""The commands of this folder: ``python -m affectlab progressive STEP``."""

import dataclasses
import json
from pathlib import Path

LAB = Path(__file__).parents[2]

# Steps whose number of epochs may be given, and the plan it changes.
_PLANS = {"pretrain": "PRETRAIN", "joint": "JOINT", "singles": "SINGLE", "fuse": "FUSED", "jin": "JIN"}

STEPS = {
    "pretrain": "Pretrain the transformer as a masked autoencoder.",
    "joint": "Fine-tune it for all tasks at once.",
    "singles": "Fine-tune its upper blocks for each task alone.",
    "fuse": "Fuse the single-task networks into the joint one.",
    "compound": "Fit the compound head by the curriculum.",
    "face": "All of these in their order, then the pack progressive-face.",
    "jin": "Train the static stage of Jin et al. from a checkpoint of mtanet, then make the pack jin-2021-face.",
    "ablate": "Fine-tune the pretrained transformer for each set of tasks, on some of the pictures, and keep the table.",
    "picture": "Draw what the masked autoencoder makes of public-domain faces.",
    "measure": "Measure a pack and keep the figures in its card.",
}


def add_commands(commands):
    """Add ``progressive`` to the sub-parsers ``commands``."""
    help_ = "Progressive learning and the static stage of Jin et al.: the packs progressive-face and jin-2021-face."
    parser = commands.add_parser("progressive", help=help_, description=help_)
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for name, text in STEPS.items():
        step = steps.add_parser(name, help=text, description=text)
        step.add_argument("--data", type=Path, required=name != "picture", metavar="DIR", help="folder that holds ferplus.npz")
        step.add_argument("--run", type=Path, default=LAB / "runs" / "progressive", metavar="DIR",
                          help="folder of the checkpoints (default: runs/progressive)")
        if name in ("pretrain", "face"):
            step.add_argument("--photographs", type=Path, metavar="FILE", help="what 'photographs' wrote")
        if name in ("joint", "singles", "fuse", "face", "jin", "ablate"):
            step.add_argument("--lessons", type=Path, required=True, metavar="FILE", help="what 'teach' wrote")
        if name in ("joint", "face"):
            step.add_argument("--teacher", type=Path, metavar="FILE", help="checkpoint of mtanet that gives hints")
        if name in ("pretrain", "joint", "singles", "fuse", "compound", "face", "jin", "ablate"):
            step.add_argument("--limit", type=int, metavar="N", help="use only so many pictures")
        if name in _PLANS:
            step.add_argument("--epochs", type=int, metavar="N",
                              help="instead of those of the plan; a longer run goes on from a shorter one")
        if name in ("face", "jin", "measure"):
            default = {"face": "progressive-face", "jin": "jin-2021-face"}.get(name)
            step.add_argument("--pack", type=Path, default=default and LAB.parent / default, required=not default,
                              metavar="DIR", help="the pack's folder")
    steps.choices["jin"].add_argument("--start", type=Path, required=True, metavar="FILE", help="checkpoint of mtanet")
    steps.choices["jin"].add_argument("--swap", choices=("epoch", "batch"), default="batch",
                                      help="when the tasks take turns (default: batch)")
    steps.choices["picture"].add_argument("--out", type=Path, required=True, metavar="FILE", help="where to, .png")
    step = steps.choices["measure"]
    step.add_argument("--part", default="valid", choices=("valid", "holdout"), help="only 'valid' is kept (default: valid)")
    step.add_argument("--detector", type=Path, metavar="FILE", help="blazeface-short.onnx: photographs as well")
    step.add_argument("--landmarks", type=Path, metavar="FILE", help="what 'affectlab.blendshapes' wrote: action units as well")
    step.add_argument("--affectd", type=Path, metavar="FILE", help="the program, for the time a face takes in tract")
    step.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(options):
    """Run one step."""
    _RUN[options.step](options)


def _plan(options, step):
    from . import steps

    plan, epochs = getattr(steps, _PLANS[step]), getattr(options, "epochs", None)
    return dataclasses.replace(plan, epochs=epochs) if epochs else plan


def _pretrain(options):
    from . import steps

    steps.pretrain(options.data, options.run, options.photographs, _plan(options, "pretrain"), limit=options.limit)


def _joint(options):
    from . import steps

    steps.joint(options.data, options.run, options.lessons, _plan(options, "joint"), limit=options.limit, teacher=options.teacher)


def _singles(options):
    from . import steps, tasks

    for task in tasks.TASKS:
        steps.single(options.data, options.run, options.lessons, task, _plan(options, "singles"), limit=options.limit)


def _fuse(options):
    from . import steps

    steps.fused(options.data, options.run, options.lessons, _plan(options, "fuse"), limit=options.limit)


def _compound(options):
    from . import steps

    steps.compounds(options.data, options.run, limit=options.limit)


def _face(options):
    from . import packs, steps

    for step in (_pretrain, _joint, _singles, _fuse, _compound):
        step(options)
    print(packs.build(packs.PROGRESSIVE, steps.load_fused(options.run), options.data, options.run, options.pack,
                      steps.progressive_facts(options.run)))


def _jin(options):
    from . import packs, steps

    network = steps.jin(options.data, options.run, options.lessons, options.start, _plan(options, "jin"),
                        swap=options.swap, limit=options.limit)
    print(packs.build(packs.JIN, network, options.data, options.run, options.pack, steps.jin_facts(options.run)))


def _ablate(options):
    from . import ablation

    for row in ablation.run(options.data, options.run, options.lessons, options.limit):
        print(json.dumps(row))


def _picture(options):
    from . import reconstruction

    reconstruction.draw(options.run, options.out)


def _measure(options):
    from . import figures, packs

    reference = options.run / f"{packs.kind_of(options.pack).name}.f32.onnx"
    found = figures.run(options.data, options.pack, options.part, options.landmarks, options.detector, reference)
    if options.affectd:
        found["times"] = figures.times(options.affectd, options.pack)
    if options.part == "valid":
        figures.keep(options.pack, found)
    print(json.dumps(found, indent=1) if options.json else "\n".join(figures.lines(found)))


_RUN = {"pretrain": _pretrain, "joint": _joint, "singles": _singles, "fuse": _fuse, "compound": _compound, "face": _face,
        "jin": _jin, "ablate": _ablate, "picture": _picture, "measure": _measure}
