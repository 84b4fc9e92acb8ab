"""What windows go through in training: rows and modalities lost on purpose, noise on embeddings, mixup."""

import torch


def lose_rows(x, design, plan, generator):
    """Windows of which some rows, or a whole modality, were lost on purpose; a window that heard nothing keeps its face."""
    def chosen(shape, probability):
        return torch.rand(shape, generator=generator) < probability

    kept = (~chosen(x.shape[:2], plan.drop)).float()
    kept[:, design.row] = 1
    x = x.clone()
    x[:, :, :design.face + 1] *= kept[:, :, None]
    if design.voice and plan.lose:
        heard = x[:, :, -1].any(1)
        blind = chosen(len(x), plan.lose) & heard
        deaf = chosen(len(x), plan.lose) & ~blind
        x[blind, :, :design.face + 1] = 0
        x[deaf, :, design.face + 1:] = 0
    return x


def add_noise(x, model, amount, generator):
    """Windows whose embeddings are off by ``amount`` of their spread, as those of pictures never seen are."""
    design, parts = model.design, [(slice(0, model.design.face), model.entrance.face)]
    if design.voice:
        parts.append((slice(design.face + 1, -1), model.entrance.voice))
    x = x.clone()
    for columns, part in parts:
        size, there = len(part.spread), x[:, :, columns.stop].unsqueeze(2)
        drawn = torch.randn(len(x), 1, size, generator=generator) + torch.randn(*x.shape[:2], size, generator=generator) / 2
        x[:, :, columns] += amount * part.spread * drawn * there
    return x


def mix(x, targets, design, alpha, generator):
    """Mixup of windows and of their targets; a row counts as present where it is in both."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    other = torch.randperm(len(x), generator=generator)
    mixed = share * x + (1 - share) * x[other]
    for column in (design.face, -1):
        mixed[:, :, column] = x[:, :, column] * x[other][:, :, column]
    return mixed, {task: share * values + (1 - share) * values[other] for task, values in targets.items()}
