"""The recipe of the pack ``voice``: speech in, an expression, valence and arousal out.

``ravdess`` reads the recordings, ``labels`` says what their names mean,
``features`` and ``activity`` make of sound what the daemon makes of it,
``augment`` and ``rooms`` make other microphones of the one there was, ``bank``
keeps the outcome, ``model`` and ``train`` learn from it, ``windows`` asks as the
daemon asks, ``damage`` and ``measure`` give the figures, ``pack`` and ``card``
write the folder, ``cli`` is ``python -m affectlab voice``.
"""
