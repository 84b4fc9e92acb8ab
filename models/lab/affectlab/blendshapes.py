"""Asks MediaPipe's face landmarker about every training picture: 52 blendshapes and 478 points.

Stands alone, because its package wants another NumPy than PyTorch does:
``pip install -r requirements-teacher.txt`` in an environment of its own, then
``python -m affectlab.blendshapes --data DIR --task face_landmarker.task --out FILE``.
FER2013 crops are enlarged to 192 pixels and given a border, because the
landmarker expects some surroundings; photographs are enlarged to 384 pixels.
Both take about an hour on one core.
"""

import argparse
import csv
import io
import tarfile
from pathlib import Path

import numpy as np

CROP_SIDE, BORDER, PHOTOGRAPH_SIDE = 192, 48, 384


def _landmarker(task):
    from mediapipe.tasks import python
    from mediapipe.tasks.python import vision

    options = vision.FaceLandmarkerOptions(
        base_options=python.BaseOptions(model_asset_path=str(task)), output_face_blendshapes=True, num_faces=1,
        min_face_detection_confidence=0.3, min_face_presence_confidence=0.2)
    return vision.FaceLandmarker.create_from_options(options)


def _crops(folder):
    """Yield (name, RGB picture) of FER+, in its order."""
    import cv2

    with np.load(Path(folder) / "ferplus.npz") as archive:
        for name, crop in zip(archive["name"], archive["images"]):
            large = cv2.resize(crop, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_CUBIC)
            framed = cv2.copyMakeBorder(large, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE)
            yield f"ferplus/{name}", np.repeat(framed[:, :, None], 3, 2)


def _photographs(folder):
    """Yield (name, RGB picture) of all photographs in the archive's list."""
    import cv2

    with tarfile.open(Path(folder) / "faces-in-the-wild.tar") as archive:
        listed = csv.DictReader(io.TextIOWrapper(archive.extractfile("labels.csv"), "utf-8"))
        names = {f"images/{row['image']}" for row in listed}
        for member in archive:
            if member.name in names:
                image = cv2.imdecode(np.frombuffer(archive.extractfile(member).read(), np.uint8), cv2.IMREAD_COLOR)
                scale = PHOTOGRAPH_SIDE / max(image.shape[:2])
                large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
                yield member.name, np.ascontiguousarray(large[:, :, ::-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--task", type=Path, required=True, metavar="FILE", help="face_landmarker.task")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to, .npz")
    options = parser.parse_args()

    import mediapipe

    landmarker = _landmarker(options.task)
    names, blendshapes, points, kinds = [], [], [], None
    for source in (_crops, _photographs):
        for number, (name, picture) in enumerate(source(options.data)):
            found = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture))
            if found.face_landmarks:
                kinds = [shape.category_name for shape in found.face_blendshapes[0]]
                names.append(name)
                blendshapes.append(np.array([shape.score for shape in found.face_blendshapes[0]], np.float16))
                height, width = picture.shape[:2]
                square = np.array([width, height]) / max(width, height)
                points.append((np.array([[p.x, p.y] for p in found.face_landmarks[0]]) * square).astype(np.float16))
            if number % 1000 == 0:
                print(f"{source.__name__[1:]}: {number} looked at, {len(names)} faces so far", flush=True)
    np.savez_compressed(options.out, names=np.array(names), kinds=np.array(kinds),
                        blendshapes=np.stack(blendshapes), points=np.stack(points))


if __name__ == "__main__":
    main()
