"""Linear layers on rows, in the one form that both of the daemon's engines and the quantisation of weights know."""


def flat(layer, x):
    """A layer for (M, W) matrices, applied to each row of (N, T, W)."""
    n, rows, width = x.shape
    return layer(x.reshape(n * rows, width)).reshape(n, rows, -1)
