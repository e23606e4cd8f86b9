"""The two-layer softmax net's training step, written for speed. Given: there is nothing to fill in.

    h = relu(x @ w1 + b1)      scores = h @ w2 + b2      loss = mean softmax cross-entropy + reg * sum(w * w)
    v = rho * v + dw           w -= lr * v

It is the mathematics of `flat` and `optim`, in another order of the numbers in memory. What pays, on a CPU:

1. Every array is made once. Autograd makes each gradient anew at each step.
2. There is no gradient of a weight at all: the product that would compute it adds itself to rho * v on its way out
   (`addmm_` with beta=rho; its alpha brings in the 1 / N of the mean).
3. Examples are columns in here, so that the softmax runs along memory over the whole batch, and the products with the
   few classes have long rows. That is the slides' s = W x; w1 and w2 show the weights as the course writes them.
4. A bias is the weight of an input that is always 1: one product gives both gradients.
5. All parameters are one vector, and so are all velocities: one call updates them.

On a GPU these twelve small calls take longer to launch than to run, so the whole step is recorded once as a CUDA graph
and then launched as one. Nothing differs in the numbers: float64 parameters equal autograd's to 1e-12.
"""

from __future__ import annotations

import torch
from torch import Tensor

threshold_backward = torch.ops.aten.threshold_backward.grad_input  # the backward pass of ReLU, into a given array


def with_ones(x: Tensor) -> Tensor:
    """Images (N, D) with a column of ones for the bias, then columns of zeros up to a multiple of 8: whole registers.

    Do it once, for the whole data set: `step` and `scores` take such rows.
    """
    N, D = x.shape
    wide = x.new_zeros(N, (D + 8) // 8 * 8)
    wide[:, :D] = x
    wide[:, D] = 1
    return wide


class FastNet:
    """The net, its optimiser and all their memory, for batches of exactly N images of D pixels, H units, C classes.

    w1 (D, H), b1 (H,), w2 (H, C), b2 (C,): views into `parameters`, all zero: write the initial weights into them.
    drop: the share of hidden units that each step leaves out; the others count 1 / (1 - drop) times.
    """

    def __init__(self, N: int, D: int, H: int, C: int, *, rho=0.9, reg=0.0, drop=0.0, dtype=None, device="cpu"):
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        self.N, self.D, self.H, self.rho, self.reg, self.drop = N, D, H, rho, reg, drop
        E = (D + 8) // 8 * 8
        self.parameters, self.velocity = zeros(H * E + C * (H + 1)), zeros(H * E + C * (H + 1))
        self.W1, self.W2 = self.parameters[: H * E].view(H, E), self.parameters[H * E :].view(C, H + 1)
        self.V1, self.V2 = self.velocity[: H * E].view(H, E), self.velocity[H * E :].view(C, H + 1)
        self.w1, self.b1 = self.W1[:, :D].T, self.W1[:, D]
        self.w2, self.b2 = self.W2[:, :H].T, self.W2[:, H]
        self.h_and_one = zeros(H + 1, N) + 1
        self.h, self.grad_h, self.mask = self.h_and_one[:H], zeros(H, N), zeros(H, N)
        self.s, self.logp = zeros(C, N), zeros(C, N)
        self.minus_one, self.minus_mean = zeros(1, N) - 1, zeros(N) - 1 / N
        self.x, self.y = zeros(N, E), zeros(N).long()  # where the CUDA graph finds its batch
        self.graph, self.graph_lr = None, None

    def scores(self, x: Tensor) -> Tensor:
        """The scores (M, C) of any number M of images, as `with_ones` makes them; nothing is left out."""
        return (x @ self.W1.T).relu() @ self.w2 + self.b2

    def step(self, x: Tensor, y: Tensor, lr: float) -> Tensor:
        """One step on the batch x, as `with_ones` makes it, and y (N,) int64. Returns the loss before it, 0-dimensional.

        On a GPU the loss is overwritten by the next step. A new `lr` costs a few milliseconds there.
        """
        if x.shape != self.x.shape or y.shape != self.y.shape:
            wanted = f"x {tuple(self.x.shape)}, as with_ones makes it, and y {tuple(self.y.shape)}"
            raise ValueError(f"a batch of this net is {wanted}: not x {tuple(x.shape)} and y {tuple(y.shape)}")
        if self.drop:
            self.mask.bernoulli_(1 - self.drop).div_(1 - self.drop)
        if not self.parameters.is_cuda:
            return self._step(x, y[None], lr)
        self.x.copy_(x)
        self.y.copy_(y)
        if self.graph_lr != lr:
            self._record(lr)
        self.graph.replay()
        return self.loss

    def _step(self, x: Tensor, y: Tensor, lr: float) -> Tensor:
        h, s, logp, grad_h = self.h, self.s, self.logp, self.grad_h
        # Forward. Columns are examples: h (H, N), s and logp (C, N); y is (1, N).
        torch.mm(self.W1, x.T, out=h).relu_()
        if self.drop:
            h.mul_(self.mask)
        torch.mm(self.W2, self.h_and_one, out=s)
        torch.log_softmax(s, 0, out=logp)
        loss = logp.gather(0, y).view(-1).dot(self.minus_mean)
        # Backward, N times too large until `alpha`: the softmax minus the one-hot labels, and so on.
        grad_s = torch.exp(logp, out=s).scatter_add_(0, y, self.minus_one)
        torch.mm(self.w2, grad_s, out=grad_h)
        threshold_backward(grad_h, h, 0, grad_input=grad_h)
        if self.drop:
            grad_h.mul_(self.mask)
        # The velocities, then all parameters at once.
        self.V2.addmm_(grad_s, self.h_and_one.T, beta=self.rho, alpha=1 / self.N)
        self.V1.addmm_(grad_h, x, beta=self.rho, alpha=1 / self.N)
        if self.reg:
            for w, v in (self.W1[:, : self.D], self.V1[:, : self.D]), (self.W2[:, : self.H], self.V2[:, : self.H]):
                loss += self.reg * (w * w).sum()
                v.add_(w, alpha=2 * self.reg)
        self.parameters.sub_(self.velocity, alpha=lr)
        return loss

    def _record(self, lr: float) -> None:
        """Record the step on the arrays self.x and self.y. A first run sets the libraries up, and is undone."""
        before = self.parameters.clone(), self.velocity.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._step(self.x, self.y[None], lr)
        torch.cuda.current_stream().wait_stream(stream)
        self.parameters.copy_(before[0])
        self.velocity.copy_(before[1])
        self.graph, self.graph_lr = torch.cuda.CUDAGraph(), lr
        with torch.cuda.graph(self.graph):
            self.loss = self._step(self.x, self.y[None], lr)
