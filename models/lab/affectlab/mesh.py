"""What the face mesh of the pack ``geometry`` sees in crops and photographs, framed as the daemon frames them.

Eyes, nose and mouth are found by BlazeFace and moved onto the pack's ``[align]``; where a crop is too small for
that, as FER2013's are, its edge goes on, as the daemon's does at the edge of a frame.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from . import export, labels, measure, pack, photographs, template, warp

SIDE = 192
POINTS = 468
# Of the width of what BlazeFace is shown, how much is the crop: it expects some surroundings.
SHARE = 0.75
BELIEVED = 0.5
# MediaPipe shows its mesh a square so many times as large as the detector's box, with the eyes level.
AROUND = 1.5


def framed(points, centre, extent):
    """(4, 2) points as fractions of MediaPipe's crop, from a box's ``centre`` and ``extent`` (both (2,)) in the same unit."""
    across = points[1] - points[0]
    cos, sin = across / np.linalg.norm(across)
    level = np.array([[cos, sin], [-sin, cos]])
    return (points - centre) @ level.T / (AROUND * max(extent)) + 0.5


def measure_template(folder, detector, count, threshold=0.75):
    """Where BlazeFace's points lie in MediaPipe's crop, as ``template.measure`` gives it, on the first photographs."""
    session, grid, found, looked = export.session(detector), template.anchors(), [], 0
    for _, _, _, image in itertools.islice(photographs.read(folder), count):
        looked += 1
        regressors, scores = template.ask(session, photographs.letterbox(image)[0][:, :, ::-1])
        score, points = template.decode(regressors, scores, grid)
        if score >= threshold:
            best = scores.argmax()
            box = regressors[best, :4] / template.SIZE
            found.append(framed(points, grid[best] + box[:2], box[2:]))
    return template.summary(np.array(found), looked)


@dataclass
class Seen:
    """``points`` (N, 468, 2) in pixels of the input, ``face`` (N,) logits, ``va`` (N, 2) pseudo-labels, (N,) ``label``."""

    points: np.ndarray
    face: np.ndarray
    va: np.ndarray
    label: np.ndarray

    def __len__(self):
        return len(self.face)

    def take(self, rows):
        """Those of the ``rows``."""
        return Seen(self.points[rows], self.face[rows], self.va[rows], self.label[rows])

    def __add__(self, other):
        return Seen(*(np.concatenate([one, another]) for one, another in zip(vars(self).values(), vars(other).values())))


class Mesh:
    """The pack in ``folder`` and BlazeFace short range, in ONNX Runtime."""

    def __init__(self, folder, detector):
        manifest, file = measure.open_pack(folder)
        self.template = np.array([manifest["align"][name] for name in template.POINTS])
        self.session = export.session(file)
        self.detector, self.grid = export.session(detector), template.anchors()
        self.usual = pack.template_points()

    def look(self, planes, points):
        """(468, 2) points and the logit of a face, for one or three (H, W) planes whose face has these four points."""
        planes = [warp.align(plane, points, self.template, SIDE) for plane in planes]
        x = np.broadcast_to(np.stack(planes) / 255, (3, SIDE, SIDE)).astype(np.float32)
        seen, face = self.session.run(["points", "face"], {"input": x[None]})
        return seen.reshape(POINTS, 3)[:, :2], face.item()

    def crop(self, crop):
        """``look`` at a (48, 48) u8 crop; where BlazeFace finds no face, the points are where they usually are."""
        score, points = template.decode(*template.ask(self.detector, template.frame(crop, SHARE)), self.grid)
        points = (points - 0.5) / SHARE + 0.5 if score >= BELIEVED else self.usual
        return self.look([crop], points * len(crop))

    def crops(self, faces):
        """``Seen`` of FER+ ``data.Faces``."""
        points, face = zip(*map(self.crop, faces.images.numpy()))
        return Seen(np.stack(points), np.array(face), faces.va.numpy(), faces.label.numpy())

    def photographs(self, folder, held, most):
        """``Seen`` of at most ``most`` photographs of each label, of the people held out or of the others."""
        rows, count = [], dict.fromkeys(range(len(labels.EXPRESSIONS)), 0)
        for label, _, _, image in photographs.read(folder, lambda person: photographs.is_held(person) == held):
            score, points = photographs.find_points(self.detector, self.grid, image)
            if count[label] < most and score >= BELIEVED:
                count[label] += 1
                rows.append((*self.look(image[:, :, ::-1].transpose(2, 0, 1), points), label))
        points, face, label = zip(*rows)
        va = np.array([labels.VALENCE_AROUSAL[labels.EXPRESSIONS[kind]] for kind in label], np.float32)
        return Seen(np.stack(points), np.array(face), va, np.array(label))
