"""How the pack does on faces nobody cropped for it: detect, align, ask.

The nearest thing to a camera among the data: press photographs (LFW-like, up
to 192 pixels, loosely cropped) with one emotion label each. They go the way
the daemon's frames go: BlazeFace finds eyes, nose and mouth, a similarity
transform moves them onto ``[align]``. Nothing is trained or tuned on them.
Their labels are one opinion, not a vote, and disgust and sadness are noisy.
"""

import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import torch

from . import evaluate, export, golden, measure, picture, template
from .data import DataError
from .labels import EXPRESSIONS

ARCHIVE = "faces-in-the-wild.tar"


def read(folder, most):
    """Yield (label, BGR picture), the first ``most`` of each label in the order of the list."""
    import cv2

    path = Path(folder) / ARCHIVE
    if not path.is_file():
        raise DataError(f"{path} is missing: see 'Data' in the README")
    with tarfile.open(path) as archive:
        rows = csv.DictReader(io.TextIOWrapper(archive.extractfile("labels.csv"), "utf-8"))
        wanted, count = {}, dict.fromkeys(EXPRESSIONS, 0)
        for row in rows:
            if count.get(row["emotion"], most) < most:
                count[row["emotion"]] += 1
                wanted[f"images/{row['image']}"] = EXPRESSIONS.index(row["emotion"])
        for member in archive:
            if member.name in wanted:
                data = np.frombuffer(archive.extractfile(member).read(), np.uint8)
                image = cv2.imdecode(data, cv2.IMREAD_COLOR)
                if image is None:
                    raise DataError(f"{path}: {member.name} is not a picture")
                yield wanted[member.name], image


def letterbox(image, size=template.SIZE):
    """(size, size, 3) picture with black bars, its scale and the left and top bars (pixels)."""
    import cv2

    height, width = image.shape[:2]
    scale = size / max(height, width)
    inner = (round(width * scale), round(height * scale))
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    boxed = np.zeros((size, size, 3), np.uint8)
    boxed[top:top + inner[1], left:left + inner[0]] = cv2.resize(image, inner, interpolation=method)
    return boxed, scale, left, top


def find_points(session, grid, image):
    """Detector score and (4, 2) points in pixels of ``image`` (BGR)."""
    boxed, scale, left, top = letterbox(image)
    x = (boxed[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
    regressors, scores = session.run(["regressors", "scores"], {"input": np.ascontiguousarray(x)})
    score, points = template.decode(regressors[0], scores.reshape(-1), grid)
    return score, (points * template.SIZE - [left, top]) / scale


def run(folder, pack_folder, detector, most=300, threshold=0.5):
    """Figures on the photographs in which the detector finds a face, as a dictionary."""
    import cv2

    pack, model = measure.open_pack(pack_folder)
    if not Path(detector).is_file():
        raise template.TemplateError(f"{detector} is missing: fetch the detectors with 'make models'")
    points_in = [pack["align"][name] for name in template.POINTS]
    finder, grid = export.session(detector), template.anchors()
    crops, label, missed = [], [], 0
    for name, image in read(folder, most):
        score, points = find_points(finder, grid, image)
        if score < threshold:
            missed += 1
            continue
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
        crops.append(golden.crop(grey, points, points_in))
        label.append(name)
    if not crops:
        raise DataError(f"no face was found in {Path(folder) / ARCHIVE}")
    x = picture.to_input(torch.from_numpy(np.stack(crops)))
    logits, _, _ = export.run(export.session(model), x.numpy())
    table = evaluate.confusion(label, logits.argmax(1))
    recall = {name: float(row[i] / row.sum()) for i, (name, row) in enumerate(zip(EXPRESSIONS, table))
              if row.sum()}
    return {
        "n": len(label),
        "missed": missed,
        "accuracy": float(table.diagonal().sum() / table.sum()),
        "mean_recall": sum(recall.values()) / len(recall),
        "recall": recall,
        "count": {name: int(row.sum()) for name, row in zip(EXPRESSIONS, table)},
        "confusion": table.tolist(),
    }
