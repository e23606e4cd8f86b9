"""Wrong answers to the order of a graph and to the walk back through it."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

ORDER, BACK, AGAIN, DEEP = "value_order", "value_backward", "value_again", "value_deep"
PUSH = "                source.grad += node.grad * local\n"
RESET = "        for node in order:\n            node.grad = 0.0\n"
WALK = "        for node in reversed(order):\n"
BEGIN = "        self.grad = 1.0\n"
SORT = """    seen = set()
    waiting = [(output, False)]
    while waiting:
        node, inputs_done = waiting.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))  # comes up again when everything pushed after it is done
            for source in node.inputs:
                waiting.append((source, False))
"""
WHOLE = f"""        order = topological(self)
{RESET}{BEGIN}{WALK}            for source, local in zip(node.inputs, node.local, strict=True):
{PUSH}"""


def sort(*lines: str) -> str:
    """Another body for `topological`."""
    return "".join(f"    {line}\n" for line in lines)


BY_BREADTH = sort(
    "seen, waiting = {output}, [output]",
    "while waiting:",
    "    node = waiting.pop(0)",
    "    order.insert(0, node)",
    "    for source in node.inputs:",
    "        if source not in seen:",
    "            seen.add(source)",
    "            waiting.append(source)",
)
BY_DEPTH_TOO_EARLY = sort(
    "seen, waiting = set(), [output]",
    "while waiting:",
    "    node = waiting.pop()",
    "    if node not in seen:",
    "        seen.add(node)",
    "        order.insert(0, node)",
    "        waiting.extend(node.inputs)",
)
RECURSIVE = sort(
    "seen = set()",
    "def visit(node):",
    "    if node not in seen:",
    "        seen.add(node)",
    "        for source in node.inputs:",
    "            visit(source)",
    "        order.append(node)",
    "visit(output)",
)
NO_SEEN = sort(
    "def visit(node):",
    "    for source in node.inputs:",
    "        visit(source)",
    "    order.append(node)",
    "visit(output)",
)
EQUAL_IS_SAME = SORT.replace("node not in seen", "node.data not in seen").replace(
    "seen.add(node)", "seen.add(node.data)"
)
BY_PATHS = """        def push(node, upstream):
            node.grad += upstream
            for source, local in zip(node.inputs, node.local):
                push(source, upstream * local)
        for node in topological(self):
            node.grad = 0.0
        push(self, 1.0)
"""
BY_PATHS_WITH_GRAD = """        def push(node):
            for source, local in zip(node.inputs, node.local):
                source.grad += node.grad * local
                push(source)
        for node in topological(self):
            node.grad = 0.0
        self.grad = 1.0
        push(self)
"""
BREADTH_WALK = """        for node in topological(self):
            node.grad = 0.0
        self.grad = 1.0
        waiting, seen = [self], {self}
        while waiting:
            node = waiting.pop(0)
            for source, local in zip(node.inputs, node.local):
                source.grad += node.grad * local
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
"""
EAGER_WALK = BREADTH_WALK.replace("pop(0)", "pop()")

ENGINE: list[Answer] = [
    *wrong(
        "topological",
        ORDER,
        ("goes by breadth", SORT, BY_BREADTH, "order-too-early"),
        ("goes by depth and lists too early", SORT, BY_DEPTH_TOO_EARLY, "order-too-early"),
        ("starts with the output", "return order", "return order[::-1]", "order-backwards"),
        ("lists a shared node once per path", SORT, NO_SEEN, "order-doubled"),
        (
            "lists a shared node once per user",
            SORT,
            RECURSIVE.replace("        order.append(node)", "    order.append(node)"),
            "order-doubled",
        ),
        ("forgets the output", "return order", "return order[:-1]", "order-incomplete"),
        (
            "forgets the leaves",
            "return order",
            "return [node for node in order if node.inputs] or order[:0]",
            "order-incomplete",
        ),
        ("follows the first input only", "in node.inputs:", "in node.inputs[:1]:", "order-incomplete"),
        ("takes equal values for the same", SORT, EQUAL_IS_SAME, "order-incomplete"),
        ("returns the output alone", SORT, "    order.append(output)\n", "order-incomplete"),
        ("looks one step back only", SORT, "    order.extend([*output.inputs, output])\n", "order-incomplete"),
        ("shuffles", "return order", "return order[len(order) // 2 :] + order[: len(order) // 2]", "order-too-early"),
    ),
    *wrong(
        "Value.backward",
        BACK,
        ("overwrites", PUSH, PUSH.replace("+=", "="), "overwritten-not-accumulated"),
        (
            "keeps the first gradient",
            PUSH,
            "                source.grad = source.grad or node.grad * local\n",
            "overwritten-not-accumulated",
        ),
        ("stops at the local gradient", PUSH, "                source.grad += local\n", "local-gradient-only"),
        ("adds upstream and local", PUSH, "                source.grad += node.grad + local\n", "upstream-added"),
        ("walks every path with all that has arrived", WHOLE, BY_PATHS_WITH_GRAD, "walked-more-than-once"),
        ("walks every path by itself", WHOLE, BY_PATHS, "walked-more-than-once"),
        ("walks by breadth", WHOLE, BREADTH_WALK, "walked-too-early"),
        ("walks by depth", WHOLE, EAGER_WALK, "walked-too-early"),
        ("walks forward", "reversed(order)", "order", ("all-zeros", "overwritten-not-accumulated")),
        ("forgets the first gradient", BEGIN, "", "all-zeros"),
        ("starts with its own data", BEGIN, "        self.grad = self.data\n", None),
        (
            "goes one step back only",
            WALK,
            "        for node in [self]:\n",
            ("all-zeros", "overwritten-not-accumulated"),
        ),
        ("flips the sign", PUSH, PUSH.replace("+=", "-="), "sign-flipped"),
        ("averages over the inputs", PUSH, PUSH.replace("* local", "* local / len(node.inputs)"), "factor-two-missing"),
        ("is off by one part in ten thousand", PUSH, PUSH.replace("* local", "* local * 1.0001"), None),
    ),
    Answer(
        "topological: goes by breadth, and backward uses it",
        (BACK,),
        (Edit("topological", SORT, BY_BREADTH),),
        ("walked-too-early",),
    ),
    Answer(
        "topological: lists a node once per path, and backward uses it",
        (BACK,),
        (Edit("topological", SORT, NO_SEEN),),
        ("walked-more-than-once",),
    ),
    Answer(
        "topological: takes equal values for the same, and backward uses it",
        (BACK,),
        (Edit("topological", SORT, EQUAL_IS_SAME),),
        ("all-zeros",),
    ),
    *wrong(
        "Value.backward",
        AGAIN,
        ("never sets anything back", RESET, "", "stale-gradients"),
        (
            "sets back the leaves only",
            RESET,
            RESET.replace("            node.grad", "            if not node.inputs:\n                node.grad"),
            "stale-gradients",
        ),
        (
            "sets back the middle only",
            RESET,
            RESET.replace("            node.grad", "            if node.inputs:\n                node.grad"),
            "stale-gradients",
        ),
        (
            "sets back only its own inputs",
            RESET,
            "        for node in self.inputs:\n            node.grad = 0.0\n",
            "stale-gradients",
        ),
        ("sets back after the walk is over", RESET + BEGIN, BEGIN, "stale-gradients"),
        ("walks only once in a lifetime", WHOLE, "        if self.grad:\n            return\n" + WHOLE, None),
        ("sets back half of them", RESET, RESET.replace("= 0.0", "*= 0.5"), "stale-gradients"),
        ("sets back all but the first", RESET, RESET.replace("in order", "in order[1:]"), "stale-gradients"),
        (
            "adds one more each time",
            RESET + BEGIN,
            RESET.replace("in order", "in order[:-1]") + "        self.grad += 1.0\n",
            "stale-gradients",
        ),
    ),
    *wrong(
        "topological",
        DEEP,
        ("is recursive", SORT, RECURSIVE, "recursion-too-deep"),
        (
            "is recursive, by another road",
            SORT,
            sort(
                "seen = set()",
                "def visit(node):",
                "    seen.add(node)",
                "    [visit(source) for source in node.inputs if source not in seen]",
                "    order.append(node)",
                "visit(output)",
            ),
            "recursion-too-deep",
        ),
        ("gives up at ten thousand", "while waiting:", "while waiting and len(seen) < 10_000:", None),
        ("gives up after a hundred thousand", "while waiting:", "while waiting and len(seen) < 100_000:", None),
        (
            "raises the limit a little",
            SORT,
            "    import sys\n    sys.setrecursionlimit(15_000)\n" + RECURSIVE,
            "recursion-too-deep",
        ),
        (
            "stops quietly when it is too deep",
            SORT,
            sort("try:")
            + "".join("    " + line + "\n" for line in RECURSIVE.splitlines())
            + sort("except RecursionError:", "    pass"),
            None,
        ),
    ),
    *wrong(
        "Value.backward",
        DEEP,
        (
            "is recursive",
            WHOLE,
            BY_PATHS.replace("for node in topological(self):\n            node.grad = 0.0", "self.grad = 0.0"),
            "recursion-too-deep",
        ),
        (
            "is recursive in another way",
            WHOLE,
            BY_PATHS_WITH_GRAD.replace("for node in topological(self):\n            node.grad = 0.0", "pass"),
            "recursion-too-deep",
        ),
        ("walks a thousand nodes and no more", "reversed(order)", "order[:-1001:-1]", None),
    ),
]
