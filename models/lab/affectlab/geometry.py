"""Distances in a face's 478 landmarks: made upright, measured by the eyes, and read for action units.

Points come as MediaPipe numbers them, (N, 478, 2), x to the right and y down, in any unit that is the same for both.
"""

import numpy as np

# Right is the person's right, left in the picture.
EYE_RIGHT, EYE_LEFT = 33, 263
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
BROW_RIGHT, BROW_LEFT = 107, 336
NASION, NOSE_BASE, CHIN = 168, 2, 152


def upright(points):
    """(N, P, 2) with the outer eye corners at (-0.5, 0) and (0.5, 0): shifted, turned and scaled, nothing else."""
    points = np.asarray(points, np.float32)
    right, left = points[:, EYE_RIGHT], points[:, EYE_LEFT]
    across = (left - right)[:, 0] + 1j * (left - right)[:, 1]
    across = np.where(np.abs(across) > 1e-6, across, 1e-6)
    middle = ((right + left) / 2)[:, None]
    moved = (points - middle)[..., 0] + 1j * (points - middle)[..., 1]
    moved = moved / across[:, None]
    return np.stack([moved.real, moved.imag], 2).astype(np.float32)


def cues(points):
    """Unit -> (N,) how far the points look like it, in eye distances; more is more. All twelve units have one."""
    p = upright(points)

    def y(*places):
        return p[:, list(places), 1].mean(1)

    def apart(a, b):
        return np.linalg.norm(p[:, a] - p[:, b], axis=1)

    inner_brow, outer_brow = -y(BROW_RIGHT, BROW_LEFT, 55, 285), -y(70, 300, 46, 276)
    lower_lid = -y(145, 374, 144, 373)
    opening = (apart(159, 145) + apart(386, 374)) / 2
    gap = (apart(13, 14) + apart(82, 87) + apart(312, 317)) / 3
    red = apart(0, 13) + apart(14, 17)
    corners = y(13, 14) - y(MOUTH_RIGHT, MOUTH_LEFT)
    return {
        "AU1": inner_brow,
        "AU2": outer_brow,
        "AU4": -inner_brow - apart(BROW_RIGHT, BROW_LEFT),
        "AU6": lower_lid - opening + corners,
        "AU7": lower_lid - opening,
        "AU10": y(NOSE_BASE) - y(0),
        "AU12": corners + apart(MOUTH_RIGHT, MOUTH_LEFT) / 2,
        "AU15": -corners,
        "AU23": -red - apart(MOUTH_RIGHT, MOUTH_LEFT) / 2,
        "AU24": -red - gap,
        "AU25": gap,
        "AU26": y(CHIN) - y(NOSE_BASE),
    }
