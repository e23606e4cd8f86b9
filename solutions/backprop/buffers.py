"""One training step of the two-layer net, without making a tensor: the same mathematics, in memory that is kept.

Written as in `flat`, a step asks the computer for new memory in every line and gives it back a moment later, hidden
layers, gradients and all. Here all large tensors are made once. Products write where they are told (`out=`), everything
else works in place (`add_`, `clamp_`, `exp_`).
"""

from __future__ import annotations

import torch
from torch import Tensor


class BufferedNet:
    """Two layers, ReLU, softmax cross-entropy, L2, SGD with momentum: net_softmax and Momentum in one.

    params: w1 (D, H), b1 (H,), w2 (H, C), b2 (C,); they are changed in place. N: the largest batch that will come.
    loss = mean cross-entropy + reg * (sum of w1 squared + sum of w2 squared); v = rho * v + dw; w -= lr * v.
    """

    def __init__(self, params: dict[str, Tensor], N: int, lr: float, rho: float = 0.9, reg: float = 0.0):
        self.params, self.lr, self.rho, self.reg = params, lr, rho, reg
        w1, w2 = params["w1"], params["w2"]
        self.velocity = {name: torch.zeros_like(w) for name, w in params.items()}
        self.h = w1.new_empty(N, w1.shape[1])  # the hidden layer, before and after its ReLU
        self.grad_h = w1.new_empty(N, w1.shape[1])
        self.scores = w1.new_empty(N, w2.shape[1])  # the scores, then their gradient
        self.rows = torch.arange(N, device=w1.device)
        # Need more buffers? Make them here.

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        """One training step. x (n, D), y (n,), n at most N, and possibly less. Returns the loss before the step.

        x and y are not changed. No tensor as large as the hidden layer or as w1 is made.
        """
        loss = None
        w1, b1, w2, b2 = (self.params[name] for name in ("w1", "b1", "w2", "b2"))
        n = x.shape[0]
        h, grad_h, scores, rows = self.h[:n], self.grad_h[:n], self.scores[:n], self.rows[:n]
        # Forward, as in flat.net_softmax, into h and scores.
        ### BEGIN SOLUTION
        torch.addmm(b1, x, w1, out=h).clamp_(min=0)
        torch.addmm(b2, h, w2, out=scores)
        scores -= scores.max(dim=1, keepdim=True).values
        right = scores[rows, y].sum()
        sums = scores.exp_().sum(dim=1, keepdim=True)
        penalty = torch.dot(w1.view(-1), w1.view(-1)) + torch.dot(w2.view(-1), w2.view(-1))
        loss = (sums.log().sum() - right) / n + self.reg * penalty
        ### END SOLUTION
        # Backward: scores becomes its own gradient; grad_h; and v.addmm_(left, right, beta=rho) is
        # v = rho * v + left @ right, so that no gradient of a weight is ever stored.
        ### BEGIN SOLUTION
        scores /= sums * n
        scores[rows, y] -= 1 / n
        torch.mm(scores, w2.T, out=grad_h)
        self._accumulate("w2", h.T, scores, w2)
        grad_h *= h.sign_()  # h is 0 or positive, and no longer needed
        self._accumulate("w1", x.T, grad_h, w1)
        self.velocity["b2"].mul_(self.rho).add_(scores.sum(dim=0))
        self.velocity["b1"].mul_(self.rho).add_(grad_h.sum(dim=0))
        ### END SOLUTION
        # The step along the velocity. Not before w2 has done its work in the backward pass!
        ### BEGIN SOLUTION
        for name, w in self.params.items():
            w.sub_(self.velocity[name], alpha=self.lr)
        ### END SOLUTION
        return loss

    def _accumulate(self, name: str, left: Tensor, right: Tensor, w: Tensor) -> None:
        """Velocity of a weight: rho * v + left @ right + the gradient of its penalty, in place."""
        ### BEGIN SOLUTION
        self.velocity[name].addmm_(left, right, beta=self.rho).add_(w, alpha=2 * self.reg)
        ### END SOLUTION
