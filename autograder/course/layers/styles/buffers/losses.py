"""The losses with tensors of their own, worked on in place."""

import torch


def softmax_cross_entropy(scores, y):
    grad = scores.clone()
    grad -= grad.amax(dim=1, keepdim=True)
    own = grad.gather(1, y[:, None])
    grad.exp_()
    sums = grad.sum(dim=1, keepdim=True)
    loss = (sums.log() - own).mean()
    grad /= sums
    grad.scatter_add_(1, y[:, None], -torch.ones_like(own))
    return loss, grad.div_(len(y))


def hinge(scores, y):
    grad = scores - scores.gather(1, y[:, None])
    grad += 1
    grad.scatter_(1, y[:, None], 0)
    grad.clamp_(min=0)
    loss = grad.sum() / len(y)
    grad.sign_()
    grad.scatter_(1, y[:, None], -grad.sum(dim=1, keepdim=True))
    return loss, grad.div_(len(y))


def squared(scores, y):
    grad = scores.clone()
    grad.scatter_add_(1, y[:, None], -torch.ones_like(grad[:, :1]))
    loss = grad.pow(2).mean() * grad.shape[1]
    return loss, grad.mul_(2).div_(len(y))


def l2(params, reg):
    names = [name for name in params if "w" == name.rpartition(".")[2]]
    grads = {name: params[name].clone().mul_(2 * reg) for name in names}
    return sum([torch.sum(params[name] * grads[name]) / 2 for name in names], start=torch.zeros(())), grads
