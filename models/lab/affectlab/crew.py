"""One training run on several processes, one thread each.

Threads inside an operator wait for each other a thousand times a step, which
is ruinous on cores shared with other work; processes meet once a step. Every
process takes its share of each batch and the gradients are averaged.
"""

import logging
import os
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing


class CrewError(Exception):
    """A member of the crew failed; the message holds its report."""


class Alone:
    """A crew of one: nothing to share."""

    rank = 0
    size = 1
    leads = True

    def share_gradients(self, model):
        """Nothing to do."""


class Crew:
    """One of ``size`` processes that average their gradients after each backward pass."""

    def __init__(self, rank, size):
        self.rank, self.size, self.leads = rank, size, rank == 0

    def share_gradients(self, model):
        """Replace each gradient by its mean over the crew, in one exchange."""
        parameters = [p for p in model.parameters() if p.grad is not None]
        flat = torch.cat([p.grad.reshape(-1) for p in parameters])
        dist.all_reduce(flat)
        flat /= self.size
        for p, part in zip(parameters, flat.split([p.numel() for p in parameters])):
            p.grad.copy_(part.view_as(p.grad))


def _member(rank, size, meeting, level, job, arguments):
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", force=True)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
    try:
        job(*arguments, crew=Crew(rank, size))
        # A member that leaves early closes its connections while others may still read from them.
        dist.barrier()
    finally:
        dist.destroy_process_group()


def run(job, arguments, size):
    """Call ``job(*arguments, crew=...)`` in ``size`` processes (in this one if 1) and wait."""
    if size == 1:
        torch.set_num_threads(1)
        job(*arguments, crew=Alone())
        return
    with tempfile.TemporaryDirectory() as folder:
        level = logging.getLogger().getEffectiveLevel()
        try:
            torch.multiprocessing.spawn(
                _member, (size, os.path.join(folder, "meeting"), level, job, arguments), nprocs=size)
        except (torch.multiprocessing.ProcessRaisedException,
                torch.multiprocessing.ProcessExitedException) as error:
            raise CrewError(f"a training process failed (--workers 1 runs in one): {error}") from error
