"""A small folder in the layout of Aff-Wild2, with the awkward cases of the real one; pictures tell their labels."""

import cv2
import numpy as np
from conftest import draw

EXPR = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
AU = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
MTL = "image,valence,arousal,expression,aus"


def picture(kind, rng):
    """A colour crop of 112x112 that tells its class, as a grey one of ``conftest`` does."""
    grey = cv2.resize(draw(kind, rng), (112, 112), interpolation=cv2.INTER_LINEAR)
    # Red is dearer than blue: only the right weights give the grey back.
    return np.stack([grey * 0.9, grey, grey * 0.96], 2).clip(0, 255).astype(np.uint8)


def affect(kind):
    """Valence and arousal of a made class."""
    return round(kind / 7 * 1.6 - 0.8, 3), round(0.8 - (kind % 4) * 0.5, 3)


def units(kind):
    """Twelve units of a made class: 0 or 1."""
    return [(kind >> (place % 3)) & 1 for place in range(12)]


def write_frames(folder, video, kinds, missing=(), seed=0):
    """Pictures of a video, from 00001.jpg on, without those that are ``missing``."""
    rng = np.random.default_rng(seed)
    place = folder / "cropped_aligned" / video
    place.mkdir(parents=True)
    for number, kind in enumerate(kinds, 1):
        if number not in missing:
            cv2.imwrite(str(place / f"{number:05}.jpg"), picture(kind, rng))


def write_labels(folder, task, part, video, lines, header, end="\n", last=True):
    """One annotation file: ``task`` is the folder's name, ``last`` whether its last line is ended."""
    place = folder / "annotations" / task / part
    place.mkdir(parents=True, exist_ok=True)
    text = end.join([header, *lines]) + (end if last else "")
    (place / f"{video}.txt").write_bytes(text.encode())


def write_affwild2(folder, frames=48):
    """Four labelled videos (one of two people), and one without pictures."""
    def kinds(start):
        return [(start + number) % 8 for number in range(frames)]

    for number, video in enumerate(("1-30-1280x720", "107_left", "107_right", "video5", "video92")):
        write_frames(folder, video, kinds(number), missing=(3, 4) if video in ("107_left", "video92") else (), seed=number)

    def expressions(video, part, start, **how):
        write_labels(folder, "EXPR_Set", part, video, [str(kind) for kind in kinds(start)], how.pop("header", EXPR), **how)

    def valences(video, part, start):
        write_labels(folder, "VA_Set", part, video, ["%s,%s" % affect(kind) for kind in kinds(start)], "valence,arousal")

    def actions(video, part, start):
        write_labels(folder, "AU_Set", part, video, [",".join(map(str, units(kind))) for kind in kinds(start)], AU)

    expressions("1-30-1280x720", "Train_Set", 0, end="\r\n", header=EXPR + ", ")
    valences("1-30-1280x720", "Train_Set", 0)
    actions("107_left", "Train_Set", 1)
    valences("107_right", "Train_Set", 2)
    expressions("107_right", "Train_Set", 2, last=False)
    # For expressions this video is trained on, for valence and arousal it is validated with.
    expressions("video5", "Train_Set", 3)
    valences("video5", "Validation_Set", 3)
    for write in (expressions, valences, actions):
        write("video92", "Validation_Set", 4)
    expressions("without-pictures", "Train_Set", 0)
    return folder


def write_list(folder, name, rows):
    """The one list of the multi-task challenge."""
    (folder / name).write_text("\n".join([MTL, *rows]) + "\n")
