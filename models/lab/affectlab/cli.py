"""The command line: ``python -m affectlab COMMAND``."""

import argparse
import dataclasses
import json
import logging
import os
import sys
from pathlib import Path

from .progressive import cli as progressive
from .sequence import cli as sequence
from .voice import cli as voice

LAB = Path(__file__).parent.parent
DEFAULT_RUN = LAB / "runs" / "mtanet"
DEFAULT_PACK = LAB.parent / "mtanet"
DEFAULT_AFFECTD = LAB.parents[1] / "target" / "release" / "affectd"
DEFAULT_MESH = LAB.parent / "geometry"
DEFAULT_DETECTOR = LAB.parent / "blazeface-short" / "blazeface-short.onnx"


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m affectlab",
        description="Makes affectd's face pack from FER+: train, calibrate, pack, measure.",
        epilog="Begin with 'mtanet --data DIR', which does everything; DIR holds ferplus.npz "
               "(the README says how to make it).")
    parser.add_argument("-q", "--quiet", action="store_true", help="warnings and results only")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, help_, **options):
        command = commands.add_parser(name, help=help_, description=help_)
        if options.get("data", True):
            command.add_argument("--data", type=Path, required=True, metavar="DIR",
                                 help="folder that holds ferplus.npz")
        if options.get("run"):
            command.add_argument("--run", type=Path, default=DEFAULT_RUN, metavar="DIR",
                                 help="folder of the run's checkpoints (default: runs/mtanet)")
        if options.get("pack"):
            command.add_argument("--pack", type=Path, default=DEFAULT_PACK, metavar="DIR",
                                 help="the pack's folder (default: ../mtanet)")
        return command

    def add_detector(command, **options):
        command.add_argument("--detector", type=Path, metavar="FILE",
                             help="blazeface-short.onnx, from 'make models'", **options)

    def add_mesh(command):
        command.add_argument("--mesh", type=Path, default=DEFAULT_MESH, metavar="DIR",
                             help="the folder of the pack geometry, complete: 'make models' (default: ../geometry)")
        add_detector(command, default=DEFAULT_DETECTOR)

    def add_landmarks(command, required):
        command.add_argument("--landmarks", type=Path, required=required, metavar="FILE",
                             help="what 'affectlab.blendshapes' wrote: for action units")

    def add_frames(command):
        command.add_argument("--aff-wild2", type=Path, metavar="DIR",
                             help="train on the training part of Aff-Wild2 as well: the folder that holds its pictures "
                                  "and annotations (action units then count 0.5, half a batch more are frames)")

    for name, help_ in (("train", "Train the network; goes on where an interrupted run stopped."),
                        ("mtanet", "All of it: train in four rounds, five with action units, calibrate, pack and measure.")):
        command = add(name, help_, run=True, pack=name == "mtanet")
        command.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
                             help="processes that share each batch, one thread each (default: the cores)")
        command.add_argument("--quick", action="store_true",
                             help="one epoch on a tenth of the pictures, to see that it runs")
        add_frames(command)
        if name == "mtanet":
            command.add_argument("--without-photographs", action="store_true",
                                 help="train on FER+ alone: faces-in-the-wild.tar is not at hand")
            add_landmarks(command, required=False)
            add_detector(command, default=DEFAULT_DETECTOR)
        if name == "train":
            command.add_argument("--lessons", type=Path, metavar="FILE", help="what 'teach' wrote")
            command.add_argument("--start", type=Path, metavar="FILE",
                                 help="checkpoint whose averaged weights a new run begins with")
            _plan_options(command)
    command = add("photographs", "Find and align the faces of faces-in-the-wild.tar and keep the crops.")
    add_detector(command, default=DEFAULT_DETECTOR)
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to, .npz")
    command = add("teach", "Ask trained networks what they think of the training pictures, for another round.")
    command.add_argument("--teacher", type=Path, action="append", required=True, metavar="FILE",
                         help="a checkpoint; may be given several times")
    command.add_argument("--photographs", type=Path, metavar="FILE", help="what 'photographs' wrote")
    add_landmarks(command, required=False)
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to, .pt")
    command = add("calibrate", "Tune the logit adjustment and the temperature on the held-out part.", run=True)
    command.add_argument("--tau", type=float, metavar="X",
                         help="take this logit adjustment, 0 for none (default: tuned for mean recall)")
    add("pack", "Export a calibrated run to a pack folder, measure it, write its card.", run=True, pack=True)
    command = add("measure", "Measure a pack's ONNX file and print the figures.", pack=True)
    command.add_argument("--part", default="valid", choices=("valid", "holdout", "train"),
                         help="part of the data (default: valid)")
    command.add_argument("--reference", type=Path, metavar="FILE",
                         help="f32 ONNX file to compare with (pack leaves one in the run's folder)")
    command.add_argument("--json", action="store_true", help="print JSON instead of text")
    add("golden", "Check a pack's hashes and golden vectors with ONNX Runtime.", data=False, pack=True)
    command = add("crops", "Write the aligned faces that the daemon's alignment is tested against.", data=False)
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the daemon's tests/fixtures/aligned")
    command = add("template", "Measure where a detector finds eyes, nose and mouth in the training crops.")
    add_detector(command, required=True)
    command.add_argument("--count", type=int, default=2000, metavar="N", help="crops to look at (default: 2000)")
    command.add_argument("--of", choices=("crops", "mesh"), default="crops",
                         help="of the crops themselves, or of what MediaPipe shows its mesh, on photographs (default: crops)")
    command = add("ablate", "Undo single choices of a calibrated run, or train it on with one option more; measure, "
                  "keep the table for the card.", run=True)
    command.add_argument("--option", action="append", metavar="NAME",
                         help="train on with this option instead ('nothing' to compare with); may be given several times")
    command.add_argument("--epochs", type=int, default=3, metavar="N", help="of each further round (default: 3)")
    command.add_argument("--lessons", type=Path, metavar="FILE", help="what 'teach' wrote, for the further rounds")
    command.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
                         help="processes that share each batch (default: the cores)")
    command.add_argument("--quick", action="store_true", help="on a tenth of the pictures; nothing is kept for the card")
    add_frames(command)
    command = add("wild", "Measure a pack on photographs of people it was not trained on, and add that to its card.", pack=True)
    add_detector(command, default=DEFAULT_DETECTOR)
    command.add_argument("--most", type=int, default=300, metavar="N",
                         help="photographs of each label, at most (default: 300)")
    command = add("units", "Measure how a pack's action units agree with their witnesses, and add that to its card.",
                  pack=True)
    add_detector(command, default=DEFAULT_DETECTOR)
    add_landmarks(command, required=True)
    command = add("abaw", "Score a pack on the validation part of Aff-Wild2 by the rules of the ABAW challenges.",
                  data=False, pack=True)
    command.add_argument("--aff-wild2", type=Path, required=True, metavar="DIR", help="folder that holds Aff-Wild2")
    command.add_argument("--every", type=int, default=1, metavar="N", help="look at each N-th frame (default: 1, all)")
    command.add_argument("--json", action="store_true", help="print JSON instead of text")
    command = add("variants", "Measure every precision of a pack in each engine, and add the table to its card.",
                  run=True, pack=True)
    command.add_argument("--affectd", type=Path, default=DEFAULT_AFFECTD, metavar="FILE",
                         help="the program that runs them (default: the one 'make' builds at the top)")
    command = add("cues", "Measure per action unit what each cue brought to its targets, and add that to the card.", pack=True)
    add_detector(command, default=DEFAULT_DETECTOR)
    add_landmarks(command, required=True)
    command = add("plots", "Draw how a pack does on the FER+ validation split: four SVG files.", pack=True)
    add_landmarks(command, required=False)
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    command.add_argument("--document", type=Path, metavar="FILE", help="also write the figures into the marked places of this text")
    command = add("geometry", "Fit the pack geometry: valence and arousal from a face mesh by one matrix.")
    command.add_argument("--count", type=int, default=8000, metavar="N", help="FER+ crops to fit on, at most (default: 8000)")
    add_mesh(command)
    command = add("geometry-beside", "Measure the pack geometry beside the network, in agreement and cost, for its card.",
                  pack=True)
    add_mesh(command)
    command.add_argument("--affectd", type=Path, default=DEFAULT_AFFECTD, metavar="FILE",
                         help="the program that runs them (default: the one 'make' builds at the top)")
    command = add("ferplus", "Make ferplus.npz from the two downloads the README names.")
    command.add_argument("--pictures", type=Path, required=True, metavar="FILE", help="fer2013.csv")
    command.add_argument("--votes", type=Path, required=True, metavar="FILE", help="fer2013new.csv")
    progressive.add_commands(commands)
    command = add("counts", "Print how many pictures of each label a reader finds in DIR: the tables of the data cards.")
    command.add_argument("--of", required=True, choices=("ferplus", "faces-in-the-wild", "aff-wild2", "image-folder", "ravdess"), help="which")
    sequence.add_commands(commands)
    voice.add_commands(commands)
    return parser


def _plan_options(command):
    from .train import Plan

    group = command.add_argument_group("training plan (defaults: first round of the published pack)")
    for field in dataclasses.fields(Plan):
        flag = "--" + field.name.replace("_", "-")
        if field.type is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            group.add_argument(flag, type=field.type, default=field.default,
                               metavar=field.type.__name__.upper(), help=f"default: {field.default}")


def _limit(options):
    """How many pictures a quick trial uses; ``None``, all of them, otherwise."""
    from . import data, train

    quick = getattr(options, "quick", False)
    return max(train.Plan.batch, len(data.load(options.data, "fit")) // 10) if quick else None


def _round(options, run, plan, start=None, shape=None, lessons=None):
    """Train one round into ``run``, on a tenth for one epoch if it is a quick trial."""
    from . import crew, train
    from .model import Shape

    limit = _limit(options)
    if options.quick:
        plan = dataclasses.replace(plan, epochs=1, warmup=0)
    # The first rounds of the published plan learn from FER+ alone; whoever calls 'train' says what with.
    frames = options.aff_wild2 if lessons or options.command == "train" else None
    plan = train.with_frames(plan) if frames else plan
    arguments = (options.data, run, plan, shape or Shape(), lessons, "holdout", limit, start, frames)
    crew.run(train.train, arguments, max(1, options.workers))


def _train(options):
    from .train import Plan

    values = {field.name: getattr(options, field.name) for field in dataclasses.fields(Plan)}
    _round(options, options.run, Plan(**values), options.start, lessons=options.lessons)


def _find_photographs(options, out):
    from . import pack, photographs

    found, missed = photographs.align(options.data, options.detector, pack.template_points(), most=_limit(options))
    out.parent.mkdir(parents=True, exist_ok=True)
    found.save(out)
    print(f"{len(found)} faces of {len(set(found.person.tolist()))} people; no face found in {missed}")


def _photographs(options):
    _find_photographs(options, options.out)


def _write_lessons(options, out, teachers, photographs, landmarks):
    from . import action_units, teach, train
    from .photographs import Photographs

    teachers = [train.load_checkpoint(path)[0] for path in teachers]
    photographs = Photographs.load(photographs) if photographs else None
    landmarks = action_units.Landmarks(landmarks) if landmarks else None
    teach.prepare(options.data, "fit", teachers, photographs, landmarks, _limit(options)).save(out)


def _teach(options):
    _write_lessons(options, options.out, options.teacher, options.photographs, options.landmarks)


def _calibrate(options):
    from . import calibrate, data, evaluate, train

    model, state = train.load_checkpoint(options.run / "last.pt")
    if state["plan"]["part"] != "fit":
        raise train.TrainError("the run was trained on the held-out part too: nothing is left to tune on")
    held = data.load(options.data, "holdout")
    known = data.load(options.data, "fit")
    logits, _ = evaluate.predict(model, held.images)
    tuned = calibrate.calibrate(logits, held.label, known.label, options.tau)
    tuned.save(options.run)
    print(f"tau {tuned.tau} temperature {tuned.temperature} on {len(held)} held-out pictures")


def _print(result):
    from . import evaluate

    print(evaluate.one_line(result))
    print(f"n {result['n']}, calibration error {result['calibration_error']:.4f}, "
          f"without ties (n {result['n_without_ties']}) {result['accuracy_without_ties']:.4f}")
    print(evaluate.confusion_table(result))
    for name, group in result["groups"].items():
        print(f"{name}: {group['accuracy']:.4f} (n {group['n']})")
    for name, accuracy in result.get("damage", {}).items():
        print(f"damage, {name}: {accuracy:.4f}")
    if "f32" in result:
        print(f"f32 weights: {json.dumps(result['f32'])}")


def _pack(options):
    from . import pack

    _print(pack.build(options.run, options.data, options.pack))


def _taught_round(options, run, plan, start, teachers, photographs, landmarks=None):
    """A round that also learns from what ``teachers`` think; with landmarks, action units too."""
    lessons = run / "lessons.pt"
    if not lessons.is_file():
        _write_lessons(options, lessons, teachers, photographs, landmarks)
    _round(options, run, plan, start, lessons=lessons)
    return run / "last.pt"


def _mtanet(options):
    from . import blend, train

    rounds = []
    for number, (plan, shape) in enumerate(train.ROUNDS, 1):
        run = options.run / f"round-{number}"
        _round(options, run, plan, rounds[-1] if rounds else None, shape)
        rounds.append(run / "last.pt")
    blended = options.run / "blended.pt"
    blend.blend(*rounds[-2:], train.LAST_SHARE, blended)
    photographs = None if options.without_photographs else options.run / "photographs.npz"
    if photographs and not photographs.is_file():
        _find_photographs(options, photographs)
    last = _taught_round(options, options.run / "round-4", train.TAUGHT, blended, [*rounds[-2:], blended], photographs)
    if options.landmarks:
        last = _taught_round(options, options.run / "round-5", train.WITH_UNITS, last, [last, blended], photographs,
                             options.landmarks)
    options.run = last.parent
    # Probabilities are published and smoothed: they stay what raters would vote.
    options.tau = 0.0
    _calibrate(options)
    _pack(options)


def _measure(options):
    from . import measure

    pack, model = measure.open_pack(options.pack)
    temperature = pack["outputs"]["expression"]["temperature"]
    result = measure.measure(model, options.data, options.part, temperature, True, options.reference)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        _print(result)


def _golden(options):
    from . import measure

    worst = measure.check_golden(options.pack)
    pack, _ = measure.open_pack(options.pack)
    for name, difference in worst.items():
        print(f"{name}: largest difference {difference:.1e}")
    if max(worst.values()) > pack["golden"]["tolerance"]:
        raise measure.PackError("the golden vectors are not met")


def _crops(options):
    from . import golden, pack

    golden.write_crops(options.out, pack.template_points())


def _template(options):
    import torch

    from . import data, mesh, template

    if options.of == "mesh":
        found = mesh.measure_template(options.data, options.detector, options.count)
    else:
        faces = data.load(options.data, "train")
        rows = torch.randperm(len(faces), generator=torch.Generator().manual_seed(0))[:options.count]
        found = template.measure(faces.images[rows].numpy(), options.detector)
    print(f"# faces found in {found['used']} of {found['looked_at']} {'crops' if options.of == 'crops' else 'photographs'}")
    print("[points]")
    for name, (x, y) in found["points"].items():
        print(f"{name} = [{x:.4f}, {y:.4f}]  # spread {found['spread'][name][0]:.3f}, {found['spread'][name][1]:.3f}")


def _ablate(options):
    from . import ablate, crew

    rows = [] if options.option else ablate.ablate(options.run, options.data)
    for option in options.option or ():
        found = ablate.train_with(options.run, options.data, option, options.epochs, options.lessons, options.aff_wild2,
                                  _limit(options), lambda job, given: crew.run(job, given, max(1, options.workers)))
        if not options.quick:
            ablate.save_option(found, options.epochs)
        rows += found
    if not options.option:
        ablate.save(rows)
    for what, part, accuracy, recall in rows:
        print(f"{part:<8} accuracy {accuracy:.4f} mean recall {recall:.4f}  {what}")


def _wild(options):
    from . import evaluate, pack, wild

    result = wild.run(options.data, options.pack, options.detector, options.most)
    pack.add_figures(options.pack, "wild", result)
    print(f"accuracy {result['accuracy']:.4f} mean recall {result['mean_recall']:.4f} n {result['n']}, "
          f"no face found in {result['missed']}")
    for name, value in result["recall"].items():
        print(f"recall, {name}: {value:.4f} (n {result['count'][name]})")
    print(evaluate.confusion_table(result))
    four = result["four"]
    print(f"of {', '.join(wild.FOUR)}: accuracy {four['accuracy']:.4f} macro F1 {four['macro_f1']:.4f} n {four['n']}")


def _variants(options):
    from . import pack, variants

    files = pack.precisions(options.run, options.pack)
    rows = variants.run(options.data, options.affectd, options.pack, files)
    pack.add_figures(options.pack, "variants", rows)
    for row in rows:
        print(json.dumps(row))


def _units(options):
    from . import agreement, pack

    result = agreement.run(options.data, options.pack, options.landmarks, options.detector)
    pack.add_figures(options.pack, "units", result)
    for part, figures in result.items():
        print(f"{part} (n {figures['n']}), area under the curve: shapes, emotions")
        for unit, row in figures["units"].items():
            print(f"  {unit:<5} {row['landmarker']:.3f} {row['emotions']:.3f}")
        print(f"  mean  {figures['mean']['landmarker']:.3f} {figures['mean']['emotions']:.3f}, "
              f"each by its better witness {figures['mean']['better']:.3f}")


def _cues(options):
    from . import cues, pack

    result = cues.run(options.data, options.pack, options.landmarks, options.detector)
    pack.add_figures(options.pack, "cues", result)
    print("\n".join(cues.lines(result)))


def _plots(options):
    from . import document, plots

    result = plots.run(options.data, options.pack, options.out, options.landmarks)
    if options.document:
        document.fill(options.document, result)
    print(json.dumps(result, indent=1))


def _abaw(options):
    from . import abaw

    result = abaw.run(options.aff_wild2, options.pack, options.every)
    print(json.dumps(result, indent=1) if options.json else "\n".join(abaw.lines(result)))


def _geometry(options):
    from . import mesh_pack

    figures = mesh_pack.fit(options.data, options.mesh, options.detector, options.count)
    print(f"{figures['components']} components; CCC of valence and arousal on the validation split "
          "{:.3f} {:.3f}, ".format(*figures["valid"]) + "on photographs of people held out "
          "{:.3f} {:.3f}".format(*figures["photographs_held"]))


def _geometry_beside(options):
    from . import mesh_pack

    print(mesh_pack.table(mesh_pack.beside(options.data, options.mesh, options.pack, options.detector, options.affectd)))


def _counts(options):
    from . import counts

    print(counts.TABLES[options.of](options.data))


def _ferplus(options):
    from . import ferplus

    print(f"{ferplus.build(options.pictures, options.votes, options.data)} pictures")


def main(arguments=None):
    """Run a command; returns the exit code (0 done, 1 failed, 64 wrong usage)."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:
        return 64 if end.code else 0
    logging.basicConfig(level=logging.WARNING if options.quiet else logging.INFO,
                        format="%(asctime)s %(message)s", stream=sys.stderr)
    from .crew import CrewError
    from .data import DataError
    from .measure import PackError
    from .template import TemplateError
    from .train import TrainError

    commands = {"train": _train, "calibrate": _calibrate, "pack": _pack, "mtanet": _mtanet, "measure": _measure,
                "golden": _golden, "crops": _crops, "template": _template, "ferplus": _ferplus, "wild": _wild,
                "ablate": _ablate, "photographs": _photographs, "teach": _teach, "units": _units, "abaw": _abaw,
                "variants": _variants, "cues": _cues, "plots": _plots,
                "geometry": _geometry, "geometry-beside": _geometry_beside, "progressive": progressive.run,
                "counts": _counts, "sequence": sequence.run, "voice": voice.run}
    try:
        commands[options.command](options)
    except (CrewError, DataError, PackError, TemplateError, TrainError) as error:
        print(f"affectlab: {error}", file=sys.stderr)
        return 1
    return 0
