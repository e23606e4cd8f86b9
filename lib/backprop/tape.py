"""The engine again, fast: every operation writes itself on a tape, so that nothing has to be sorted.

    mark = len(TAPE)
    loss = ...                  # every Var made on the way is on the tape, in the order of its making
    loss.backward()             # once over the tape, from its end
    forget(mark)                # before the next step: the tape keeps what stood before the mark (the parameters)

A Var can only be made from Vars that are there already, so creation order *is* a topological order. A node has two
inputs at most, `a` and `b`, with the local gradients `da` and `db`; only the fused `dot` has more.
"""

from __future__ import annotations

from operator import mul

TAPE: list[Var] = []
record = TAPE.append  # looked up once: it runs for every single node


def forget(mark: int) -> None:
    """Cut the tape: whatever was made after `mark` is forgotten. Given."""
    del TAPE[mark:]


class Var:
    """data: float. grad: float, after backward(). Operations + * relu, with Vars or plain numbers.

    a, b: the inputs, or None. da, db: their local gradients. more: (inputs, local gradients) of a fused node, or None.
    """

    __slots__ = ("a", "b", "da", "data", "db", "grad", "more")

    def __init__(self, data: float, a: Var | None = None, da: float = 0.0, b: Var | None = None, db: float = 0.0):
        self.data = data
        self.grad = 0.0
        self.a, self.da = a, da
        self.b, self.db = b, db
        self.more = None
        record(self)

    def __add__(self, other: Var | float) -> Var:
        """Given. A plain number becomes no node at all: it needs no gradient."""
        if type(other) is Var:
            return Var(self.data + other.data, self, 1.0, other, 1.0)
        return Var(self.data + other, self, 1.0)

    __radd__ = __add__

    def __mul__(self, other: Var | float) -> Var:
        result = None
        # YOUR CODE HERE
        return result

    __rmul__ = __mul__

    def relu(self) -> Var:
        result = None
        # YOUR CODE HERE
        return result

    def backward(self) -> None:
        """Set `grad` of every Var on the tape to d(this)/d(it), in one walk and without a sort.

        It is 0 for those that this one does not depend on, also for those made later.
        """
        # YOUR CODE HERE


def dot(w: list[Var], x: list[Var] | list[float], b: Var) -> Var:
    """w[0] x[0] + w[1] x[1] + ... + b as ONE node. x: all Vars, or all plain numbers, which need no gradient."""
    result = None
    # YOUR CODE HERE
    return result
