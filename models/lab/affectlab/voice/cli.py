"""``python -m affectlab voice STEP``: from the recordings to the pack, and its figures."""

import dataclasses
import json
from pathlib import Path

LAB = Path(__file__).parents[2]
DEFAULT_RUN = LAB / "runs" / "voice"
DEFAULT_PACK = LAB.parent / "voice"


def add_commands(commands):
    """Add the command and its steps."""
    command = commands.add_parser("voice", help="Make the voice pack from RAVDESS: train, pack, measure.",
                                  description="Makes affectd's voice pack. 'train', then 'pack'; DIR holds speech-emotion.tar.")
    steps = command.add_subparsers(dest="step", required=True, metavar="STEP")

    def add(name, help_, data=True, run=False, pack=False):
        step = steps.add_parser(name, help=help_, description=help_)
        if data:
            step.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that holds speech-emotion.tar")
        if run:
            step.add_argument("--run", type=Path, default=DEFAULT_RUN, metavar="DIR", help="folder of the run (default: runs/voice)")
        if pack:
            step.add_argument("--pack", type=Path, default=DEFAULT_PACK, metavar="DIR", help="the pack's folder (default: ../voice)")
        return step

    step = add("corpus", "Make speech-emotion.tar of the published Audio_Speech_Actors_01-24.zip.")
    step.add_argument("--zip", type=Path, required=True, metavar="FILE", help="the download")
    step = add("train", "Listen with the teacher, train without four actors to choose the temperature, then with all sixteen.", run=True)
    step.add_argument("--whisper", type=Path, metavar="FILE", help="model.bin of Whisper base (CTranslate2): the teacher; without it none")
    step.add_argument("--quick", action="store_true", help="an epoch a round on a few recordings, to see that it runs")
    add("pack", "Export a trained run, write golden vectors, measure, write card and pack.toml.", run=True, pack=True)
    step = add("measure", "Measure the pack's ONNX file on the actors held out, damaged in every way, and print the figures.", pack=True)
    step.add_argument("--json", action="store_true", help="print JSON instead of text")
    step.add_argument("--quick", action="store_true", help="without the damages")
    step = add("ablate", "Train shortly without single choices and put the table into the card.", run=True, pack=True)
    step.add_argument("--option", action="append", metavar="NAME", help="this one alone; may be given several times")
    step = add("plot", "Draw the confusion of the pack's expressions.", data=False, pack=True)
    step.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to, .svg")
    step = add("features", "Write a made sound and its features: what the daemon's own are tested against.", data=False)
    step.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")


def _corpus(options):
    from . import ravdess

    print(f"{ravdess.build(options.zip, options.data)} recordings")


def _train(options):
    import torch

    from . import recipe, train

    torch.set_num_threads(1)
    rounds, limit = train.ROUNDS, None
    if options.quick:
        rounds, limit = [dataclasses.replace(plan, epochs=1, warmup=0, hearings=2, batch=16) for plan in rounds], 64
    recall = recipe.run_all(options.data, options.run, rounds, whisper_model=options.whisper, limit=limit)
    print(f"mean recall on the watched actors {recall:.4f}")


def lines(figures):
    """The figures as text."""
    yield (f"mean recall {figures['mean_recall']:.4f} (six {figures['mean_recall_six']:.4f}), accuracy {figures['accuracy']:.4f}, "
           f"anger above sadness {figures['anger_above_sadness']:.4f}, calibration error {figures['calibration_error']:.4f}, "
           f"CCC {figures['ccc_valence']:.3f} {figures['ccc_arousal']:.3f}, n {figures['n']}")
    for name, value in figures["recall"].items():
        yield f"  {name:<10} {value:.4f} (n {figures['count'][name]})"
    for name, part in figures["groups"].items():
        yield f"{name}: {part['mean_recall']:.4f} (n {part['n']})"
    for name, row in figures["damage"].items():
        yield (f"{name}: mean recall {row['mean_recall']:.4f}, six {row['mean_recall_six']:.4f}, anger above sadness "
               f"{row['anger_above_sadness']:.4f}, largest change {row['largest_change']:.4f}")


def _pack(options):
    from . import pack

    print("\n".join(lines(pack.build(options.run, options.data, options.pack))))


def _measure(options):
    from ..measure import open_pack
    from . import damage, measure

    pack, path = open_pack(options.pack)
    found = measure.figures(measure.runner(path), measure.held_out(options.data), pack["outputs"]["expression"]["temperature"],
                            () if options.quick else tuple(damage.DAMAGE))
    print(json.dumps(found, indent=1) if options.json else "\n".join(lines(found)))


def _ablate(options):
    import torch

    from . import ablate, pack, train

    torch.set_num_threads(1)
    unknown = set(options.option or ()) - set(ablate.OPTIONS)
    if unknown:
        raise train.TrainError(f"no option {sorted(unknown)[0]!r}: choose from {'; '.join(ablate.OPTIONS)}")
    rows = ablate.run(options.data, options.run, names=options.option or tuple(ablate.OPTIONS))
    pack.add_figures(options.pack, "ablations", rows)
    for row in rows:
        print(f"{row['what']}: {row['clean']:.4f} {row['worn']:.4f} {row['louder']:.4f}")


def _plot(options):
    from . import picture

    picture.draw(options.pack, options.out)


def _features(options):
    from . import golden

    golden.write_features(options.out)


STEPS = {"corpus": _corpus, "train": _train, "pack": _pack, "measure": _measure, "ablate": _ablate, "plot": _plot,
         "features": _features}


def run(options):
    """Run the step that ``options`` name."""
    STEPS[options.step](options)
