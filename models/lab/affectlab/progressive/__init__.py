"""Two published systems for single frames: progressive learning (Liu et al. 2024) and the static stage of Jin et al. (2021).

Both learn from what the pack ``mtanet`` learns from. ``vit`` and ``masked`` are
the transformer and its pretraining, ``jin`` the other system's heads and
losses, ``cli`` the commands of both.
"""
