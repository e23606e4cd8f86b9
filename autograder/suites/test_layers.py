"""What `layers` must do: every item of the assignment, in public tests and in hidden ones."""
# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)

from __future__ import annotations

from typing import Any

import torch

from toolbox.compare import (
    as_tensor,
    assert_grad,
    assert_unchanged,
    assert_value,
    grad_of,
    grads_of,
    loss_of,
)
from toolbox.errors import Malformed, Mismatch, Missing, Raised
from toolbox.graph_truths import GraphTruth, assert_params, assert_values, assert_walk, named, sort
from toolbox.references import usable
from toolbox.suite import item, make, student  # noqa: F401

# ---------------------------------------------------------------- layers and losses


# ---------------------------------------------------------------- the graph


def graph_inputs(make, N: int, D: int, *names: str) -> dict[str, torch.Tensor]:
    return {name: make.normal(N, D) for name in names}


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@item("graph_by_hand")
def test_the_values_of_the_small_graph_are_foreseen(student, make):
    truth = small_graph()
    for name in ("a", "h", "y"):
        graph_foreseen(student, name, truth.values[name])


@item("graph_by_hand", share=2.0)
def test_what_comes_back_along_each_wire_to_x_is_foreseen(student, make):
    truth = small_graph()
    for reader, key in (("a", "x_from_a"), ("h", "x_from_h"), ("y", "x_from_y")):
        place = next(place for name, place in truth.readers["x"] if name == reader)
        true = truth.edges[reader, place]
        graph_foreseen(student, key, true, graph_sources_swapped=[truth.edges[reader, 1 - place]]
                       if (reader, 1 - place) in truth.edges else [],
                       graph_upstream_alone=[truth.grads[reader]])  # fmt: skip


### BEGIN HIDDEN TESTS
@item("graph_by_hand", share=2.0)
def test_the_gradients_of_the_small_graph_are_foreseen(student, make):
    truth = small_graph()
    for name in ("h", "a", "x"):
        forms = {mistake.replace("-", "_"): values for mistake, values in truth.forms(name).items()}
        graph_foreseen(student, f"grad_{name}", truth.grads[name], **forms)


### END HIDDEN TESTS


def small_graph() -> GraphTruth:
    """a = -2x, h = a * x, y = h + x at x = 3, with 5 as the upstream gradient of y."""
    rows = [["a", "scale", ["x"], [number(-2.0)]], ["h", "multiply", ["a", "x"], []], ["y", "add", ["h", "x"], []]]
    return GraphTruth(rows, {"x": number(3.0)}, {"y": number(5.0)})


def graph_foreseen(student, key: str, true: torch.Tensor, **forms: Any) -> None:
    found = student.value("small")
    if not isinstance(found, dict):
        raise Malformed("`small` must be a dict that maps names to numbers")
    if found.get(key) is None:
        raise Missing(f"small[{key!r}] is not filled in yet")
    forms = {name.replace("_", "-"): [torch.as_tensor(value).double() for value in values if value is not None]
             for name, values in forms.items()}  # fmt: skip
    assert_value(found[key], true, name=key, forms=forms)


# Ops with several inputs


def run_op(student, name: str, inputs: list[torch.Tensor], grad_out: torch.Tensor) -> list[Any]:
    """[value, gradients, gradients of a second backward, inputs afterwards, grad_out afterwards] of an op of graph.py."""
    s = student.script()
    op = getattr(s.graph, name)()
    kept, upstream = [s.toolbox.planted.keep(x) for x in inputs], s.toolbox.planted.keep(grad_out)
    value = op.forward(*kept)
    first = op.backward(upstream)
    return s.fetch(value, first, op.backward(upstream), kept, upstream)


def check_op(student, name: str, inputs: list[torch.Tensor], grad_out: torch.Tensor) -> None:
    value, first, second, kept, upstream = run_op(student, name, inputs, grad_out)
    leaves = [x.double().clone().requires_grad_() for x in inputs]
    true = leaves[0] * leaves[1] if name == "Multiply" else torch.cat(leaves, dim=-1)
    grads = torch.autograd.grad((true * grad_out.double()).sum(), leaves)
    dtype = inputs[0].dtype
    forms = {"graph-concat-axis": [torch.cat(leaves, dim=0)]} if len({x.shape for x in inputs}) == 1 else {}
    assert_value(value, true.detach(), name="value", inputs=dtype, forms={k: [v.detach() for v in values]
                 for k, values in forms.items()} if name == "Concat" else {})  # fmt: skip
    check_parts(name, first, grads, leaves, grad_out)
    for place, (after, before) in enumerate(zip([*kept, upstream], [*inputs, grad_out], strict=True)):
        if not torch.equal(after, before):
            raise Mismatch(f"tensor {place} that was handed in is changed", diagnosis=["input-changed"])
    check_parts(name, second, grads, leaves, grad_out)


def check_parts(name: str, answer: Any, grads: Any, leaves: list, grad_out: torch.Tensor) -> None:
    if answer is None:
        raise Missing("backward returns nothing yet")
    if not isinstance(answer, list) or len(answer) != len(grads):
        raise Malformed(f"backward must return {len(grads)} gradients, one for each input")
    for place, (got, right) in enumerate(zip(answer, grads, strict=True)):
        forms = op_forms(name, place, grads, leaves, grad_out)
        assert_grad(got, right, name=f"of input {place}", inputs=grad_out.dtype, forms=forms)


def op_forms(name: str, place: int, grads: Any, leaves: list, grad_out: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    g = grad_out.double()
    if name == "Multiply":
        x, y = (leaf.detach() for leaf in leaves)
        own, other = (x, y) if place == 0 else (y, x)
        return {"mul-gate-not-swapped": [g * own], "graph-upstream-alone": [g], "local-gradient-only": [other]}
    others = [grad for index, grad in enumerate(grads) if index != place and grad.shape == grads[place].shape]
    width = leaves[place].shape[-1]
    begin = sum(leaf.shape[-1] for leaf in leaves[:place])
    return {
        "graph-concat-wrong-part": [*others, g[..., :width], g[..., -width:], g.flip(-1)[..., begin : begin + width]],
        "graph-concat-whole": [g],
    }


@item("graph_ops")
def test_a_product_of_two_nodes_forwards_and_backwards(student, make):
    check_op(student, "Multiply", [make.normal(3, 4), make.normal(3, 4)], make.normal(3, 4))


@item("graph_ops")
def test_two_nodes_of_different_widths_side_by_side(student, make):
    check_op(student, "Concat", [make.normal(3, 2), make.normal(3, 5)], make.normal(3, 7))


### BEGIN HIDDEN TESTS
@item("graph_ops")
def test_a_product_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x, y = make.normal(5, 2, dtype=torch.float32).T, make.normal(1, 5, dtype=torch.float32).expand(2, 5)
    check_op(student, "Multiply", [x, y], make.normal(2, 1, dtype=torch.float32).expand(2, 5))


@item("graph_ops")
def test_three_nodes_side_by_side_two_of_them_of_one_width(student, make):
    check_op(student, "Concat", [make.normal(3, 3), make.normal(3, 3), make.normal(3, 1)], make.normal(3, 7))
    check_op(student, "Concat", [make.normal(1, 2)], make.normal(1, 2))


### END HIDDEN TESTS


# The order


def ordered(student, inputs: list[str], rows: list[list]) -> list[str]:
    """The student's order of a graph. Raises Missing, Malformed."""
    s = student.script()
    bench = s.toolbox.graph_ops.Bench(s.graph.Graph, inputs, rows)
    (answer,) = s.fetch(bench.graph.order())
    if answer is None:
        raise Missing("order returns nothing yet")
    if not isinstance(answer, list) or not all(isinstance(name, str) for name in answer):
        raise Malformed("order must return a list of names")
    return answer


def check_order(student, inputs: list[str], rows: list[list]) -> None:
    """Any order is right in which every name stands once, after all that it reads."""
    answer = ordered(student, inputs, rows)
    names = [*inputs, *[row[0] for row in rows]]
    places = {name: place for place, name in enumerate(answer)}
    if len(places) < len(answer):
        twice = sorted({name for name in answer if answer.count(name) > 1})
        raise Mismatch(f"{', '.join(twice)}: more than once in {answer}", diagnosis=["graph-order-doubled"])
    if missing := [name for name in names if name not in places]:
        raise Mismatch(f"{', '.join(missing)}: not in {answer}", diagnosis=["graph-order-incomplete"])
    if strange := [name for name in answer if name not in names]:
        raise Mismatch(f"{', '.join(strange)}: no name of this graph, but in {answer}")
    wires = [(source, row[0]) for row in rows for source in row[2]]
    early = [(source, name) for source, name in wires if places[name] < places[source]]
    if early:
        backwards = ["graph-order-backwards"] if len(early) == len(wires) else ["graph-order-too-early"]
        source, name = early[0]
        raise Mismatch(f"{name!r} reads {source!r}, and stands before it in {answer}", diagnosis=backwards)


def tangle(make, size: int) -> list[list]:
    """`size` nodes that read "x", "u" or nodes of lower number, added in random order; sums of one to three."""
    names, rows = ["x", "u"], []
    for number in range(size):
        reach = names[-4:] if number % 3 else names
        picked = [reach[int(i)] for i in make.integers(0, len(reach), (1 + number % 3,))]
        rows.append([f"n{number}", "add", picked, []])
        names.append(f"n{number}")
    mixed = torch.argsort(make.uniform(size)).tolist()
    return [rows[i] for i in mixed]


DIAMOND = [["left", "tanh", ["x"], []], ["right", "square", ["x"], []], ["y", "multiply", ["left", "right"], []]]


@item("graph_order")
def test_the_order_of_a_diamond_whose_nodes_are_added_last_one_first(student, make):
    check_order(student, ["x"], DIAMOND[::-1])


@item("graph_order")
def test_a_node_comes_after_a_source_that_is_reached_by_a_longer_way(student, make):
    rows = [["y", "add", ["x", "c"], []], ["c", "tanh", ["b"], []], ["b", "add", ["a", "x"], []],
            ["a", "square", ["x"], []]]  # fmt: skip
    check_order(student, ["x"], rows)


@item("graph_order")
def test_a_circle_is_an_error_that_names_one_of_its_nodes(student, make):
    rows = [["inner", "add", ["x", "outer"], []], ["outer", "tanh", ["inner"], []]]
    check_refused(student, rows, ["inner", "outer"], "graph-circle-unnoticed")


### BEGIN HIDDEN TESTS
@item("graph_order")
def test_the_order_of_tangled_graphs_with_nodes_that_nobody_reads(student, make):
    for size in (5, 9, 14, 30):
        check_order(student, ["x", "u"], tangle(make, size))


@item("graph_order")
def test_a_node_that_reads_one_source_twice_stands_in_the_order_once(student, make):
    check_order(student, ["x"], [["y", "multiply", ["h", "h"], []], ["h", "tanh", ["x"], []],
                                 ["z", "add", ["h", "y", "h"], []]])  # fmt: skip


@item("graph_order")
def test_a_source_that_does_not_exist_is_an_error_that_names_it(student, make):
    rows = [["a", "tanh", ["x"], []], ["b", "add", ["a", "elsewhere"], []], ["c", "tanh", ["b"], []]]
    check_refused(student, rows, ["elsewhere"], "graph-unknown-unnoticed")


@item("graph_order")
def test_a_circle_away_from_all_inputs_and_one_of_a_single_node_are_errors(student, make):
    rows = [["a", "tanh", ["x"], []], ["p", "tanh", ["r"], []], ["q", "tanh", ["p"], []], ["r", "tanh", ["q"], []]]
    check_refused(student, rows, ["p", "q", "r"], "graph-circle-unnoticed")
    check_refused(student, [["a", "tanh", ["x"], []], ["loop", "add", ["a", "loop"], []]], ["loop"],
                  "graph-circle-unnoticed")  # fmt: skip


### END HIDDEN TESTS


def check_refused(student, rows: list[list], culprits: list[str], unnoticed: str) -> None:
    """The order of this graph must raise ValueError, and its message must have the name of a culprit."""
    try:
        answer = ordered(student, ["x"], rows)
    except Raised as error:
        if "ValueError" in str(error) and any(f"{name}" in str(error).split("ValueError", 1)[1].split(" (graph.py")[0]
                                              for name in culprits):  # fmt: skip
            return
        deep = "RecursionError" in str(error)
        wanted = f"raise ValueError with the name of a culprit ({' or '.join(culprits)}) in its message"
        raise Mismatch(f"{wanted}; {error}", diagnosis=[unnoticed if deep else "graph-error-unclear"]) from None
    raise Mismatch(f"there is no right order, and the answer is {answer}: raise ValueError", diagnosis=[unnoticed])


# Forwards


def forward_of(student, inputs: dict, rows: list[list], times: int = 1) -> tuple[Any, Any]:
    """The values of a forward pass, with a right order given, and how often each op ran in all."""
    s = student.script()
    bench = s.toolbox.graph_ops.Bench(s.graph.Graph, list(inputs), rows, sort(list(inputs), rows))
    for _ in range(times):
        values = bench.forward(inputs)
    return tuple(s.fetch(values, bench.runs("forward")))


def check_forward(student, inputs: dict, rows: list[list]) -> None:
    values, runs = forward_of(student, inputs, rows)
    assert_values(values, GraphTruth(rows, inputs, {rows[0][0]: torch.zeros(())}))
    if extra := [name for name, count in runs.items() if count != 1]:
        raise Mismatch(f"each op runs once in a forward pass; {extra[0]!r} ran {runs[extra[0]]} times",
                       diagnosis=["graph-walked-every-path"])  # fmt: skip


def linear(make, D: int, M: int) -> list[torch.Tensor]:
    return [make.normal(D, M), make.normal(M)]


@item("graph_forward")
def test_the_values_of_a_chain(student, make):
    rows = [["a", "linear", ["x"], linear(make, 3, 4)], ["h", "tanh", ["a"], []], ["y", "linear", ["h"],
            linear(make, 4, 2)]]  # fmt: skip
    check_forward(student, graph_inputs(make, 5, 3, "x"), rows)


@item("graph_forward")
def test_the_values_of_an_op_that_tells_its_two_sources_apart(student, make):
    rows = [["d", "mix", ["x", "u"], []], ["y", "square", ["d"], []]]
    check_forward(student, graph_inputs(make, 2, 3, "u", "x"), rows)


### BEGIN HIDDEN TESTS
@item("graph_forward")
def test_the_values_of_a_graph_whose_nodes_are_added_last_one_first(student, make):
    rows = [["y", "add", ["d", "h", "x"], []], ["d", "mix", ["x", "h"], []], ["h", "tanh", ["a"], []],
            ["a", "linear", ["x"], linear(make, 3, 3)], ["aside", "square", ["h"], []]]  # fmt: skip
    check_forward(student, graph_inputs(make, 1, 3, "x"), rows)


@item("graph_forward")
def test_a_node_that_many_read_is_computed_once(student, make):
    rows = [["n0", "tanh", ["x"], []]]
    for i in range(8):
        rows.append([f"n{i + 1}", "mix" if i % 2 else "multiply", [f"n{i}", f"n{max(i - 1, 0)}"], []])
    check_forward(student, graph_inputs(make, 2, 2, "x"), rows)


### END HIDDEN TESTS


# Backwards


def backward_of(student, inputs: dict, rows: list[list], grad_out: dict) -> tuple[Any, Any, Any, Any]:
    """Gradients, gradients of the parameters, runs of each op, grad_out afterwards; right order and caches are given."""
    s, order = student.script(), sort(list(inputs), rows)
    bench = s.toolbox.graph_ops.Bench(s.graph.Graph, list(inputs), rows, order)
    bench.prepare(inputs, order)
    kept = {name: s.toolbox.planted.keep(grad) for name, grad in grad_out.items()}
    return tuple(s.fetch(bench.backward(kept), bench.gradients(), bench.runs("backward"), kept))


def check_backward(student, inputs: dict, rows: list[list], grad_out: dict) -> None:
    truth = GraphTruth(rows, inputs, grad_out)
    grads, params, runs, kept = backward_of(student, inputs, rows, grad_out)
    named(grads, "backward")
    reached = [name for name in runs if truth.grads[name] is not None]
    if often := [name for name in reached if runs[name] > 1]:
        mistake = "graph-walked-every-path" if runs[often[0]] > 1 else None
        try:
            assert_walk(grads, truth)
        except Mismatch as error:
            mistake = error.diagnosis[0] if error.diagnosis else "graph-walked-too-early"
        raise Mismatch(f"each op's backward runs once; {often[0]!r} went {runs[often[0]]} times", diagnosis=[mistake])
    assert_walk(grads, truth)
    assert_params(params, truth)
    for name, before in grad_out.items():
        if not torch.equal(kept[name], before):
            raise Mismatch(f"the given gradient of {name!r} was changed in place", diagnosis=["graph-added-in-place"])


@item("graph_backward")
def test_the_gradients_of_a_chain_and_of_its_parameters(student, make):
    rows = [["a", "linear", ["x"], linear(make, 3, 4)], ["h", "tanh", ["a"], []], ["y", "linear", ["h"],
            linear(make, 4, 2)]]  # fmt: skip
    check_backward(student, graph_inputs(make, 5, 3, "x"), rows, {"y": make.normal(5, 2)})


@item("graph_backward", share=2.0)
def test_the_gradient_of_an_input_that_two_ops_read(student, make):
    check_backward(student, graph_inputs(make, 3, 2, "x"), DIAMOND, {"y": make.normal(3, 2)})


@item("graph_backward", share=2.0)
def test_the_gradients_of_a_skip_connection_across_several_nodes(student, make):
    rows = [["a", "linear", ["x"], linear(make, 3, 4)], ["h", "tanh", ["a"], []],
            ["r", "linear", ["h"], linear(make, 4, 3)], ["y", "add", ["r", "x"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 2, 3, "x"), rows, {"y": make.normal(2, 3)})


### BEGIN HIDDEN TESTS
@item("graph_backward", share=2.0)
def test_the_gradients_where_a_node_is_read_three_times(student, make):
    rows = [["h", "tanh", ["x"], []], ["a", "square", ["h"], []], ["b", "scale", ["h"], [make.normal()]],
            ["c", "multiply", ["h", "b"], []], ["y", "add", ["a", "c", "b"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 4, 3, "x"), rows, {"y": make.normal(4, 3)})


@item("graph_backward", share=2.0)
def test_the_gradients_of_a_sum_whose_sources_get_one_and_the_same_tensor(student, make):
    rows = [["a", "scale", ["x"], [make.normal()]], ["s", "add", ["a", "x"], []], ["p", "scale", ["s"], [make.normal()]],
            ["q", "add", ["p", "a", "s"], []], ["y", "mix", ["q", "x"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 2, 3, "x"), rows, {"y": make.normal(2, 3)})


@item("graph_backward", share=2.0)
def test_an_output_that_others_read_as_well_collects_from_both(student, make):
    rows = [["h", "tanh", ["x"], []], ["g", "same", ["h"], []], ["y", "square", ["g"], []]]
    check_backward(student, graph_inputs(make, 3, 2, "x"), rows, {"h": make.normal(3, 2), "y": make.normal(3, 2)})
    check_backward(student, graph_inputs(make, 3, 2, "x"), rows, {"y": make.normal(3, 2), "x": make.normal(3, 2)})


@item("graph_backward", share=2.0)
def test_one_source_read_twice_by_one_op_and_nodes_that_nobody_reads(student, make):
    rows = [["aside", "tanh", ["h"], []], ["y", "mix", ["h", "h"], []], ["h", "multiply", ["u", "x"], []],
            ["lost", "linear", ["v"], linear(make, 3, 2)]]  # fmt: skip
    check_backward(student, graph_inputs(make, 2, 3, "x", "u", "v"), rows, {"y": make.normal(2, 3)})


@item("graph_backward", share=2.0)
def test_the_short_way_does_not_go_before_the_long_one(student, make):
    rows = [["h", "tanh", ["x"], []], ["a", "square", ["h"], []], ["b", "scale", ["a"], [make.normal()]],
            ["c", "tanh", ["b"], []], ["y", "multiply", ["c", "h"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 1, 2, "x"), rows, {"y": make.normal(1, 2)})
    check_backward(student, graph_inputs(make, 1, 2, "x"), [*rows[:4], ["y", "multiply", ["h", "c"], []]],
                   {"y": make.normal(1, 2)})  # fmt: skip


### END HIDDEN TESTS


# Again, and deep

SHARED = [["h", "tanh", ["x"], []], ["y", "multiply", ["h", "x"], []], ["k", "same", ["h"], []],
          ["z", "add", ["y", "k"], []]]  # fmt: skip


class Again:
    """One graph SHARED, for several passes; each answer is fetched at once, and can be looked at again later."""

    def __init__(self, student):
        self.script = student.script()
        self.bench = self.script.toolbox.graph_ops.Bench(self.script.graph.Graph, ["x"], SHARED, sort(["x"], SHARED))
        self.answers: list[tuple[Any, GraphTruth]] = []

    def forward(self, inputs: dict) -> None:
        answer = self.bench.forward(inputs)
        truth = GraphTruth(SHARED, inputs, {"z": torch.zeros_like(inputs["x"])})
        (values,) = self.script.fetch(answer)
        self._judge(lambda: assert_values(values, truth), "graph-values-kept")
        self.answers.append((answer, truth))
        self.inputs = inputs

    def backward(self, grad_out: dict) -> None:
        answer = self.bench.backward(grad_out)
        truth = GraphTruth(SHARED, self.inputs, grad_out)
        (grads,) = self.script.fetch(answer)
        self._judge(lambda: assert_walk(grads, truth), "graph-gradients-kept")
        self.answers.append((answer, truth))

    def _judge(self, check, mistake: str) -> None:
        """What goes wrong after all that went before was right is a matter of what was kept."""
        try:
            check()
        except Mismatch as error:
            kept = any(("graph-values-kept" if truth.grad_out["z"].abs().max() == 0 else "graph-gradients-kept") == mistake
                       for _, truth in self.answers if "z" in truth.grad_out)  # fmt: skip
            raise Mismatch(f"in pass {len(self.answers) + 1}: {error}", evidence=error.evidence,
                           diagnosis=[mistake] if kept else error.diagnosis) from None  # fmt: skip

    def look_again(self) -> None:
        """The answers of earlier passes must not have changed since."""
        for number, (answer, truth) in enumerate(self.answers, 1):
            (found,) = self.script.fetch(answer)
            try:
                if truth.grad_out.get("z") is not None and truth.grad_out["z"].abs().max() == 0:
                    assert_values(found, truth)
                else:
                    assert_walk(found, truth)
            except Mismatch as error:
                raise Mismatch(f"the answer of pass {number} is another one now: {error}",
                               diagnosis=["graph-answer-reused"]) from None  # fmt: skip


@item("graph_again")
def test_a_second_backward_gives_the_same_and_leaves_the_first_answer_alone(student, make):
    passes, grad_out = Again(student), {"z": make.normal(2, 3)}
    passes.forward(graph_inputs(make, 2, 3, "x"))
    passes.backward(grad_out)
    passes.backward(grad_out)
    passes.look_again()


@item("graph_again")
def test_forward_twice_and_backward_once_gives_the_gradients_of_the_second(student, make):
    passes = Again(student)
    passes.forward(graph_inputs(make, 2, 3, "x"))
    passes.forward(graph_inputs(make, 4, 3, "x"))
    passes.backward({"z": make.normal(4, 3)})
    passes.look_again()


@item("graph_again")
def test_a_chain_of_a_thousand_nodes(student, make):
    check_deep(student, make, 1000)


### BEGIN HIDDEN TESTS
@item("graph_again")
def test_a_second_backward_from_another_output_knows_nothing_of_the_first(student, make):
    passes = Again(student)
    passes.forward(graph_inputs(make, 3, 2, "x"))
    for name in ("z", "k", "z"):
        passes.backward({name: make.normal(3, 2)})
    passes.look_again()


@item("graph_again")
def test_forward_and_backward_by_turns(student, make):
    passes = Again(student)
    for N in (3, 1, 3):
        passes.forward(graph_inputs(make, N, 2, "x"))
        passes.backward({"z": make.normal(N, 2)})
    passes.look_again()


@item("graph_again")
def test_a_chain_of_two_thousand_and_one_nodes(student, make):
    check_deep(student, make, 2001)


### END HIDDEN TESTS


def check_deep(student, make, length: int) -> None:
    x, grad_out = make.normal(1, 2), make.normal(1, 2)
    s = student.script()
    try:
        value, grad, names = s.fetch(s.toolbox.graph_ops.deep(s.graph.Graph, length, x, grad_out))[0]
    except Raised as error:
        if "NoneType" in str(error) or "KeyError" in str(error):
            raise Missing("order, forward and backward are not all written yet") from None
        deep = ["graph-recursion-too-deep"] if "RecursionError" in str(error) else []
        raise Raised(str(error), diagnosis=deep) from None
    if names != length + 1:
        raise Mismatch(f"the order of {length + 1} names has {names} entries")
    assert_value(value, x * (-1) ** length, name="the last value")
    assert_grad(grad, grad_out * (-1) ** length, name="x")


# A block that skips


def check_blocks(student, make, names: list[str], source: str = "x") -> None:
    s = student.script()
    rows, returned = s.fetch(s.toolbox.graph_ops.record(s.graph.residual_block, source, names))[0]
    if any(last is None for last in returned):
        raise Missing("residual_block returns nothing yet")
    if returned != names:
        raise Mismatch(f"the last nodes are to be called {names}; returned was {returned}",
                       diagnosis=["graph-block-names"])  # fmt: skip
    added = [row[0] for row in rows]
    if len(set(added)) < len(added):
        raise Mismatch(f"names are added twice: {added}", diagnosis=["graph-block-names"])
    for name in added:
        if name not in names and not any(name.startswith(f"{block}.") for block in names):
            raise Mismatch(f"{name!r} does not begin with the block's name and a dot", diagnosis=["graph-block-names"])
    numbers = {f"{block}:{part}": make.uniform(low=0.5, high=2) for block in names
               for part in ("first", "activation", "second")}  # fmt: skip
    x = make.normal(2, 2)
    assert_block_values(rows, names, source, numbers, x)


# In the place of the three ops stand functions that do not commute: a factor, a square and a shift.
PARTS = {"first": lambda x, s: s * x, "activation": lambda x, s: (x + s) ** 2, "second": lambda x, s: x + 3 * s}


def assert_block_values(rows: list, names: list[str], source: str, numbers: dict, x: torch.Tensor) -> None:
    values = {source: x}
    try:
        order = sort([source], rows)
    except ValueError:
        raise Mismatch("the block reads names that are never added, or its nodes wait for each other",
                       diagnosis=["graph-block-wires"]) from None  # fmt: skip
    for name in order[1:]:
        kind, sources = next((row[1], row[2]) for row in rows if row[0] == name)
        inputs = [values[read] for read in sources]
        if kind in numbers and len(inputs) == 1:
            values[name] = PARTS[kind.split(":")[1]](inputs[0], numbers[kind])
        elif kind == "add":
            values[name] = sum(inputs)
        elif kind in ("multiply", "concat") and len(inputs) == 2:
            values[name] = inputs[0] * inputs[1] if kind == "multiply" else torch.cat(inputs, dim=-1)
        else:
            raise Mismatch(f"node {name!r} is a {kind.split(':')[-1]} of {len(inputs)} sources",
                           diagnosis=["graph-block-wires"])  # fmt: skip
    true = {source: x}
    for before, name in zip([source, *names], names, strict=False):
        inner = block(true[before], name, numbers)
        true[name] = true[before] + inner
        forms = {
            "graph-skip-missing": [inner],
            "graph-skip-elsewhere": [stage + inner for stage in stages(true[before], name, numbers)],
            "graph-block-not-added": [true[before] * inner, torch.cat([true[before], inner], dim=-1),
                                      torch.cat([inner, true[before]], dim=-1)],
            "graph-block-part-missing": [true[before] + part for part in stages(true[before], name, numbers)],
        }  # fmt: skip
        assert_value(values[name], true[name], name=f"block {name!r}", forms=forms, condition=8.0)


def block(x: torch.Tensor, name: str, numbers: dict) -> torch.Tensor:
    for part in ("first", "activation", "second"):
        x = PARTS[part](x, numbers[f"{name}:{part}"])
    return x


def stages(x: torch.Tensor, name: str, numbers: dict) -> list[torch.Tensor]:
    first = PARTS["first"](x, numbers[f"{name}:first"])
    return [first, PARTS["activation"](first, numbers[f"{name}:activation"])]


@item("graph_skip")
def test_one_block_adds_its_input_to_what_it_computes(student, make):
    check_blocks(student, make, ["y"])


@item("graph_skip")
def test_two_blocks_stand_one_after_the_other(student, make):
    check_blocks(student, make, ["one", "two"])


### BEGIN HIDDEN TESTS
@item("graph_skip")
def test_four_blocks_with_names_of_any_kind_begin_at_another_source(student, make):
    check_blocks(student, make, ["b", "bb", "stage.3", "out"], source="pixels")


### END HIDDEN TESTS


# ---------------------------------------------------------------- torch.autograd.Function


TRUE = {
    "Multiply": lambda x, y: x * y,
    "Sigmoid": lambda x: torch.sigmoid(x),
    "Softmax": lambda x: torch.softmax(x, dim=-1),
    "Linear": lambda x, w, b: x @ w + b,
}


def differentiate(function, inputs: list[torch.Tensor], grad_out: torch.Tensor, weights: list[torch.Tensor]) -> dict:
    """As `toolbox.function_runs.derivatives`, for a function that autograd knows: the truth, in float64."""
    leaves = [x.detach().double().requires_grad_() for x in inputs]
    upstream = grad_out.detach().double().requires_grad_()
    value = function(*leaves)
    grads = torch.autograd.grad(value, leaves, upstream, create_graph=True, allow_unused=True)
    grads = [torch.zeros_like(x) if grad is None else grad for grad, x in zip(grads, leaves, strict=True)]
    total = sum((grad * weight.double()).sum() for grad, weight in zip(grads, weights, strict=True))
    second = [None] * (len(leaves) + 1)
    if total.requires_grad:
        second = torch.autograd.grad(total, [*leaves, upstream], allow_unused=True)
    second = [torch.zeros_like(x) if grad is None else grad for grad, x in zip(second, [*leaves, upstream], strict=True)]
    return {"value": value.detach(), "grads": [grad.detach() for grad in grads], "second": second}


# misconception id -> functions that a Function with this mistake is the derivative of
CHANGED = {
    "Multiply": {},
    "Sigmoid": {
        "function-forward-other": [torch.tanh, lambda x: torch.sigmoid(-x), lambda x: 1 + torch.exp(-x)],
    },
    "Softmax": {
        "softmax-wrong-axis": [lambda x: torch.softmax(x, dim=0)],
        "function-forward-other": [lambda x: torch.log_softmax(x, dim=-1), lambda x: x.exp()],
    },
    "Linear": {
        "bias-missing": [lambda x, w, b: x @ w],
        "function-forward-other": [lambda x, w, b: x @ w - b],
    },
}  # fmt: skip


def function_forms(name: str, place: int, inputs: list[torch.Tensor], grad_out: torch.Tensor) -> dict:
    """misconception id -> gradients of input `place` that it leads to."""
    x, g = [tensor.detach().double() for tensor in inputs], grad_out.double()
    if name == "Multiply":
        return {"mul-gate-not-swapped": [g * x[place]], "local-gradient-only": [x[1 - place]],
                "function-upstream-alone": [g]}  # fmt: skip
    if name == "Sigmoid":
        y = torch.sigmoid(x[0])
        return {"function-sigmoid-half": [g * y, g * (1 - y)], "local-gradient-only": [y * (1 - y)],
                "function-upstream-alone": [g], "function-saved-wrong": [g * x[0] * (1 - x[0])],
                "function-tanh-for-sigmoid": [g * (1 - y * y)]}  # fmt: skip
    if name == "Softmax" and x[0].numel() == x[0].shape[-1]:
        return {}  # in a single row too many mistakes look alike
    if name == "Softmax":
        y, h = torch.softmax(x[0], dim=-1), g * torch.softmax(x[0], dim=-1)
        keep = h.sum(dim=-1, keepdim=True)
        return {"softmax-cross-terms-missing": [h * (1 - y), h],
                "softmax-upstream-unweighted": [y * (g - g.sum(dim=-1, keepdim=True))],
                "softmax-term-unscaled": [g - y * keep, h - keep, g - keep],
                "softmax-sign-of-cross-terms": [y * (g + keep)],
                "softmax-cross-terms-averaged": [y * (g - h.mean(dim=-1, keepdim=True))],
                "function-softmax-over-all": [y * (g - h.sum())],
                "function-softmax-axis": [y * (g - h.sum(dim=0))],
                "softmax-diagonal-missing": [-y * keep],
                "function-saved-wrong": [x[0] * (g - (g * x[0]).sum(dim=-1, keepdim=True))],
                "function-upstream-alone": [g]}  # fmt: skip
    w = x[1]
    if place == 0:
        square = [g @ w] if w.shape[0] == w.shape[1] else []
        return {"factor-not-transposed": square, "function-upstream-alone": [g] if g.shape == x[0].shape else []}
    if place == 1:
        return {"local-gradient-only": [x[0].T @ torch.ones_like(g)], "function-averaged": [x[0].T @ g / len(g)]}
    return {}


def check_function(
    student, make, name: str, inputs: list[torch.Tensor], grad_out: torch.Tensor, second: bool = False,
    wanted: list[bool] | None = None, condition: float = 1.0,
) -> None:  # fmt: skip
    """Values, gradients and, where `second`, second derivatives of one of the student's Functions, against the truth."""
    wanted = wanted or [True] * len(inputs)
    weights = [make.normal(*x.shape, dtype=x.dtype) * needs for x, needs in zip(inputs, wanted, strict=True)]
    with student.autograd():
        s = student.script()
        runs = s.toolbox.function_runs.derivatives(getattr(s.functions, name), inputs, grad_out,
                                                   [w for w, needs in zip(weights, wanted, strict=True) if needs]
                                                   if second else None, wanted)  # fmt: skip
        (answer,) = s.fetch(runs)
    truth = differentiate(TRUE[name], inputs, grad_out, weights)
    dtype = inputs[0].dtype

    def values() -> dict[str, Any]:
        return {"forms": {mistake: [function(*[x.double() for x in inputs]) for function in functions]
                          for mistake, functions in CHANGED[name].items()}}  # fmt: skip

    def gradients(place: int) -> dict[str, Any]:
        forms = {"sign-flipped": [-truth["grads"][place]], **function_forms(name, place, inputs, grad_out)}
        if len(forms) > 1:
            forms |= {mistake: [differentiate(function, inputs, grad_out, weights)["grads"][place]
                                for function in functions] for mistake, functions in CHANGED[name].items()}  # fmt: skip
        return {"forms": forms, "upstream": grad_out if name == "Linear" and place == 2 else None}

    assert_value(answer["value"], truth["value"], name="value", inputs=dtype, clues=values, condition=condition,
                 if_not_finite="function-overflows")  # fmt: skip
    for place, got in placed(answer["grads"], wanted):
        assert_grad(got, truth["grads"][place], name=f"of argument {place}", inputs=dtype, condition=condition,
                    clues=lambda place=place: gradients(place), if_not_finite="function-overflows")  # fmt: skip
    for place, (after, before) in enumerate(zip([*answer["inputs"], answer["grad_out"]], [*inputs, grad_out],
                                                strict=True)):  # fmt: skip
        if not torch.equal(after, before):
            what = "grad_out" if place == len(inputs) else f"argument {place}"
            raise Mismatch(f"{what} was changed in place", diagnosis=["input-changed"])
    if second:
        check_second(answer["second"], truth["second"], inputs, wanted, dtype)


def placed(found: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    """(place among the inputs, gradient) of those that were asked for."""
    return list(zip([place for place, needs in enumerate(wanted) if needs], found, strict=True))


def check_second(found: Any, true: list, inputs: list, wanted: list[bool], dtype: torch.dtype) -> None:
    """The derivatives of a weighted sum of the gradients, with respect to inputs and upstream gradient."""
    names = [*[f"argument {place}" for place, needs in enumerate(wanted) if needs], "grad_out"]
    right = [*[grad for grad, needs in zip(true, wanted, strict=False) if needs], true[-1]]
    for name, got, grad in zip(names, found, right, strict=True):
        try:
            assert_grad(got, grad, name=f"of the gradients by {name}", inputs=dtype, condition=8.0)
        except Mismatch as error:
            raise Mismatch(f"differentiated twice: {error}", diagnosis=["function-not-twice"],
                           evidence=error.evidence) from None  # fmt: skip


@item("function_multiply")
def test_multiply_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Multiply", [make.normal(3, 4), make.normal(3, 4)], make.normal(3, 4))


@item("function_multiply")
def test_multiply_can_be_differentiated_twice(student, make):
    check_function(student, make, "Multiply", [make.normal(3), make.normal(3)], make.normal(3), second=True)


### BEGIN HIDDEN TESTS
@item("function_multiply")
def test_multiply_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x, y = make.normal(4, 2, dtype=torch.float32).T, make.normal(1, 4, dtype=torch.float32).expand(2, 4)
    check_function(student, make, "Multiply", [x, y], make.normal(2, 1, dtype=torch.float32).expand(2, 4))


@item("function_multiply")
def test_multiply_where_only_one_factor_needs_a_gradient(student, make):
    for wanted in ([True, False], [False, True]):
        check_function(student, make, "Multiply", [make.normal(2, 3), make.normal(2, 3)], make.normal(2, 3),
                       second=True, wanted=wanted)  # fmt: skip


### END HIDDEN TESTS


@item("function_sigmoid")
def test_sigmoid_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Sigmoid", [make.normal(3, 4, scale=2.0)], make.normal(3, 4))


@item("function_sigmoid")
def test_sigmoid_can_be_differentiated_twice(student, make):
    check_function(student, make, "Sigmoid", [make.normal(5)], make.normal(5), second=True)


### BEGIN HIDDEN TESTS
@item("function_sigmoid")
def test_sigmoid_stays_finite_far_out(student, make):
    x = torch.tensor([-1000.0, -40, 0.5, 30, 1000], dtype=torch.float64)
    check_function(student, make, "Sigmoid", [x], make.normal(5), second=True, condition=8.0)


@item("function_sigmoid")
def test_sigmoid_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x = make.normal(4, 1, 3, dtype=torch.float32).transpose(0, 2)
    check_function(student, make, "Sigmoid", [x], make.normal(1, dtype=torch.float32).expand(3, 1, 4))


### END HIDDEN TESTS


@item("function_softmax")
def test_softmax_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Softmax", [make.normal(4, 3)], make.normal(4, 3))


@item("function_softmax")
def test_softmax_can_be_differentiated_twice(student, make):
    check_function(student, make, "Softmax", [make.normal(2, 5)], make.normal(2, 5), second=True)


### BEGIN HIDDEN TESTS
@item("function_softmax")
def test_softmax_stays_finite_for_scores_of_a_thousand(student, make):
    x = make.normal(3, 4) + torch.tensor([[1000.0], [0], [-1000]], dtype=torch.float64)
    check_function(student, make, "Softmax", [x], make.normal(3, 4), condition=64.0)


@item("function_softmax")
def test_softmax_of_one_row_of_a_vector_and_of_three_axes(student, make):
    for shape in ((1, 4), (4,), (2, 3, 4)):
        check_function(student, make, "Softmax", [make.normal(*shape)], make.normal(*shape), second=True)


@item("function_softmax")
def test_softmax_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x = make.normal(4, 2, dtype=torch.float32).T
    check_function(student, make, "Softmax", [x], make.normal(4, dtype=torch.float32).expand(2, 4))


### END HIDDEN TESTS


def linear_case(make, N: int, D: int, M: int, dtype=torch.float64) -> tuple[list[torch.Tensor], torch.Tensor]:
    return [make.normal(*shape, dtype=dtype) for shape in ((N, D), (D, M), (M,))], make.normal(N, M, dtype=dtype)


@item("function_linear")
def test_linear_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Linear", *linear_case(make, 5, 4, 3))


@item("function_linear")
def test_linear_can_be_differentiated_twice(student, make):
    check_function(student, make, "Linear", *linear_case(make, 4, 2, 3), second=True)


### BEGIN HIDDEN TESTS
@item("function_linear")
def test_linear_of_one_row_and_where_all_sizes_agree(student, make):
    check_function(student, make, "Linear", *linear_case(make, 1, 4, 2), second=True)
    check_function(student, make, "Linear", *linear_case(make, 3, 3, 3))


@item("function_linear")
def test_linear_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x, w = make.normal(4, 3, dtype=torch.float32).T, make.normal(1, 4, dtype=torch.float32).expand(2, 4).T
    grad_out = make.normal(3, 1, dtype=torch.float32).expand(3, 2)
    check_function(student, make, "Linear", [x, w, make.normal(2, dtype=torch.float32)], grad_out)


@item("function_linear")
def test_linear_where_only_the_parameters_or_only_the_input_need_gradients(student, make):
    for wanted in ([False, True, True], [True, False, False]):
        check_function(student, make, "Linear", *linear_case(make, 5, 4, 3), second=True, wanted=wanted)


### END HIDDEN TESTS


# The module

SIZES = (5, 4, 3)


def weights_of(make, D: int, H: int, C: int, scale: float = 1.0) -> dict[str, torch.Tensor]:
    return {name: make.normal(*shape, scale=scale)
            for name, shape in (("w1", (D, H)), ("b1", (H,)), ("w2", (H, C)), ("b2", (C,)))}  # fmt: skip


def net(x, w1, b1, w2, b2, activation=torch.sigmoid, output=TRUE["Softmax"], sign: float = 1.0):
    """The net of MLP, as PyTorch has it, and with other operations in the place of its own."""
    return output(sign * (activation(sign * (x @ w1 + b1)) @ w2 + b2))


NETS = {
    "mlp-sigmoid-missing": lambda *args: net(*args, activation=lambda a: a),
    "mlp-softmax-missing": lambda *args: net(*args, output=lambda s: s),
    "mlp-operations-ignored": net,
    "bias-missing": lambda x, w1, b1, w2, b2: net(x, w1, 0 * b1, w2, 0 * b2),
    "mlp-one-bias-missing": lambda x, w1, b1, w2, b2: net(x, w1, 0 * b1, w2, b2),
    "mlp-sigmoid-twice": lambda *args: net(*args, output=lambda s: torch.softmax(torch.sigmoid(s), dim=-1)),
    "softmax-wrong-axis": lambda *args: net(*args, output=lambda s: torch.softmax(s, dim=0)),
    "function-forward-other": lambda *args: net(*args, activation=torch.relu),
}  # fmt: skip


def check_module(student, make, N: int, operations: dict[str, str], truth) -> None:
    D, H, C = SIZES
    state, x, grad_out = weights_of(make, D, H, C), make.normal(N, D), make.normal(N, C)
    with student.autograd():
        s = student.script()
        runs = s.toolbox.function_runs.module(s.functions.MLP, list(SIZES), state, x, grad_out, operations)
        (answer,) = s.fetch(runs)
    leaves = [x, *state.values()]
    true = differentiate(truth, leaves, grad_out, leaves)

    def clues(pick) -> dict[str, Any]:
        others = {mistake: differentiate(other, leaves, grad_out, leaves) for mistake, other in NETS.items()}
        return {"forms": {mistake: [pick(found)] for mistake, found in others.items()}}

    for what in ("value", "again"):
        assert_value(answer[what], true["value"], name="probabilities", condition=8.0,
                     clues=lambda: clues(lambda found: found["value"]))  # fmt: skip
    for place, name in enumerate(["x", *state]):
        got = answer["grad_x"] if name == "x" else answer["grads"].get(name)
        assert_grad(got, true["grads"][place], name=name, condition=8.0,
                    clues=lambda place=place: clues(lambda found: found["grads"][place]))  # fmt: skip


OWN = {"linear": "linear", "sigmoid": "sigmoid", "softmax": "softmax"}


@item("mlp_module")
def test_the_module_computes_probabilities_and_autograd_walks_back_through_it(student, make):
    check_module(student, make, 6, OWN, net)


@item("mlp_module")
def test_pytorch_finds_four_parameters_weights_of_the_right_size_and_biases_of_zero(student, make):
    D, H, C = 40, 30, 20
    with student.autograd():
        s = student.script()
        (found,) = s.fetch(s.toolbox.function_runs.newborn(s.functions.MLP, [D, H, C]))
    for name, shape in (("w1", (D, H)), ("b1", (H,)), ("w2", (H, C)), ("b2", (C,))):
        param = as_tensor(found.get(name), name)
        if tuple(param.shape) != shape:
            found_as = ["transposed"] if len(shape) == 2 and tuple(param.shape) == shape[::-1] else []
            raise Mismatch(f"{name} has shape {tuple(param.shape)}; it must be {shape}", diagnosis=found_as)
        if name.startswith("b"):
            if param.abs().max() > 0:
                raise Mismatch(f"{name} does not begin at zero", diagnosis=["mlp-biases-not-zero"])
            continue
        ratio, mean = param.double().std().item() * shape[0] ** 0.5, param.double().mean().item() * shape[0] ** 0.5
        if not (0.8 < ratio < 1.2 and abs(mean) < 0.2):  # more than five standard errors
            raise Mismatch(f"the entries of {name} have mean {mean / shape[0] ** 0.5:.3g} and standard deviation "
                           f"{ratio / shape[0] ** 0.5:.3g}; they should have 0 and 1 / sqrt({shape[0]})",
                           diagnosis=["mlp-weights-scale"])  # fmt: skip


### BEGIN HIDDEN TESTS
@item("mlp_module")
def test_the_module_is_built_of_the_operations_that_it_is_given(student, make):
    check_module(student, make, 3, OWN | {"sigmoid": "tanh"}, lambda *args: net(*args, activation=torch.tanh))
    check_module(student, make, 3, OWN | {"softmax": "log_softmax"},
                 lambda *args: net(*args, output=lambda s: torch.log_softmax(s, dim=-1)))  # fmt: skip
    check_module(student, make, 3, OWN | {"linear": "linear_negated"}, lambda *args: net(*args, sign=-1.0))


@item("mlp_module")
def test_the_module_takes_a_batch_of_one(student, make):
    check_module(student, make, 1, OWN, net)


### END HIDDEN TESTS


# The same net by hand

WAY_BACK = ["scores", "w2", "b2", "h", "a", "w1", "b1", "x"]


def net_nodes(x, w1, b1, w2, b2) -> dict[str, torch.Tensor]:
    a = x @ w1 + b1
    h = torch.sigmoid(a)
    scores = h @ w2 + b2
    return {"a": a, "h": h, "scores": scores, "probabilities": torch.softmax(scores, dim=-1)}


def by_hand(student, x: torch.Tensor, params: dict[str, torch.Tensor], grad_out: torch.Tensor):
    """The answer of mlp_by_hand and its truth: all nodes, and their gradients."""
    answer = student.functions.mlp_by_hand(x=x, **params, grad_out=grad_out)
    leaves = {name: tensor.double().clone().requires_grad_() for name, tensor in {"x": x, **params}.items()}
    nodes = net_nodes(**leaves) | leaves
    found = torch.autograd.grad(nodes["probabilities"], [nodes[name] for name in WAY_BACK], grad_out.double())
    return answer, {name: node.detach() for name, node in nodes.items()}, dict(zip(WAY_BACK, found, strict=True))


def check_by_hand(student, make, N: int, names: list[str], dtype=torch.float64, scale: float = 1.0) -> None:
    """The gradients `names` of mlp_by_hand, each judged by what follows from the student's own gradient before it."""
    D, H, C = SIZES
    params = {name: w.to(dtype) for name, w in weights_of(make, D, H, C, scale).items()}
    x, grad_out = make.normal(N, D, dtype=dtype), make.normal(N, C, dtype=dtype)
    answer, nodes, grads = by_hand(student, x, params, grad_out)
    changed = student.changed
    for name in names:
        own = following(name, nodes, grads, grads_of(answer))
        upstream = {"b1": grads["a"], "b2": grads["scores"]}.get(name)
        assert_grad(grad_of(answer, name), grads[name], name=name, inputs=dtype, accept=own, condition=8.0, batch=N,
                    forms=by_hand_forms(name, nodes, grads, grad_out.double()), upstream=upstream)  # fmt: skip
    assert_unchanged(changed)


def following(name: str, nodes: dict, grads: dict, theirs: dict[str, Any]) -> list[torch.Tensor]:
    """What `name` must be if the student's own gradient one step nearer to the output is taken for granted."""
    before = {"w2": "scores", "b2": "scores", "h": "scores", "a": "h", "w1": "a", "b1": "a", "x": "a"}.get(name)
    own = theirs.get(before)
    if before is None or not isinstance(own, torch.Tensor) or not usable(own, grads[before]):
        return []
    leaf = nodes[name].clone().requires_grad_()
    given = {key: nodes[key] for key in ("x", "w1", "b1", "w2", "b2", "h", "a")} | {name: leaf}
    value = {"scores": lambda: given["h"] @ given["w2"] + given["b2"], "h": lambda: torch.sigmoid(given["a"]),
             "a": lambda: given["x"] @ given["w1"] + given["b1"]}[before]()  # fmt: skip
    return list(torch.autograd.grad(value, leaf, own.double()))


def by_hand_forms(name: str, nodes: dict, grads: dict, g: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    y, h = nodes["probabilities"], nodes["h"]
    if name == "scores":
        forms = function_forms("Softmax", 0, [nodes["scores"]], g)
        return {mistake: values for mistake, values in forms.items() if mistake != "function-saved-wrong"}
    if name == "h":
        return {"upstream-from-wrong-node": [g @ nodes["w2"].T, y @ nodes["w2"].T]}
    if name == "a":
        return {"function-sigmoid-half": [grads["h"] * h, grads["h"] * (1 - h)], "mlp-step-skipped": [grads["h"]],
                "local-gradient-only": [h * (1 - h)],
                "function-saved-wrong": [grads["h"] * nodes["a"] * (1 - nodes["a"])],
                "function-tanh-for-sigmoid": [grads["h"] * (1 - h * h)],
                "mlp-relu-mask": [grads["h"] * (nodes["a"] > 0)]}  # fmt: skip
    if name == "w2":
        return {"mlp-wrong-input": [nodes["a"].T @ grads["scores"]], "upstream-from-wrong-node": [h.T @ g]}
    if name == "w1":
        return {"mlp-step-skipped": [nodes["x"].T @ grads["h"]]}
    if name == "b1":
        return {"mlp-step-skipped": [grads["h"].sum(dim=0)]}
    if name == "b2":
        return {"upstream-from-wrong-node": [g.sum(dim=0)]}
    return {"mlp-step-skipped": [grads["h"] @ nodes["w1"].T]}


def check_probabilities(student, make, N: int, scale: float = 1.0) -> None:
    D, H, C = SIZES
    params, x = weights_of(make, D, H, C, scale), make.normal(N, D)
    answer, nodes, _ = by_hand(student, x, params, make.normal(N, C))
    forms = {mistake: [other(x, *params.values())] for mistake, other in NETS.items()
             if mistake != "mlp-operations-ignored" and scale == 1}  # fmt: skip
    assert_value(loss_of(answer), nodes["probabilities"], name="probabilities", forms=forms, condition=8.0,
                 if_not_finite="function-overflows")  # fmt: skip


@item("mlp_by_hand")
def test_the_net_by_hand_computes_the_same_probabilities(student, make):
    check_probabilities(student, make, 6)


@item("mlp_by_hand", share=2.0)
def test_the_way_back_to_the_hidden_layer_by_hand(student, make):
    check_by_hand(student, make, 6, ["scores", "w2", "b2", "h"])


@item("mlp_by_hand", share=2.0)
def test_the_way_back_from_the_hidden_layer_by_hand(student, make):
    check_by_hand(student, make, 6, ["a", "w1", "b1", "x"])


### BEGIN HIDDEN TESTS
@item("mlp_by_hand", share=2.0)
def test_the_way_back_by_hand_for_a_batch_of_one_and_for_float32(student, make):
    check_by_hand(student, make, 1, WAY_BACK)
    check_by_hand(student, make, 4, WAY_BACK, dtype=torch.float32)


@item("mlp_by_hand", share=2.0)
def test_the_net_by_hand_stays_finite_for_large_weights(student, make):
    check_probabilities(student, make, 5, scale=300.0)


### END HIDDEN TESTS
