"""Models that look at a sequence: composed data, heads, and the temporal halves of three published systems.

No video with labels can be had for this project, so every sequence that is
trained on or measured with is *composed* from still pictures: ``stills`` are
what it is made of, ``script`` decides what happens when, ``render`` makes the
frames, ``compose`` puts both through a frozen frame pack and keeps rows of
embeddings. ``heads`` read windows of them (``windows``), ``learn`` trains
them, ``figures`` measures them beside the frame model alone, ``clips`` on
real faces without labels. ``packs`` and ``cards`` write what the daemon runs.
``systems`` says which head belongs to which published system.
"""
