"""Attacks on the channel: replies that are malformed, oversized, out of order, or forged by the student's own code."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from .attack import FLAT_ITEMS, Attack, add, items
from .exhaustion import PIPE

ANY = items(*FLAT_ITEMS, status="passed|partial|failed|malformed|crashed|timeout|missing")


def sends(tried: str, lines: str, *, name: str, lost: str = "malformed|crashed", **rest) -> Attack:
    """A toy() that writes into the channel by itself."""
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return Attack(name, tried, bottom=f"{PIPE}def toy(x, y, z):\n{body}", lost=items("toy", status=lost), **rest)


add(
    sends("sends a reply that is no message", "send(b'{\"id\": %d}' % request()['id'], b'\\xc1garbage')\ntime.sleep(9)",
          name="malformed-payload"),
    sends("sends headers that are no JSON object", "send(b'[' * 60_000, b'')\ntime.sleep(9)", name="malformed-header"),
    sends("announces four gigabytes of header and 2**64 bytes of answer", "os.write(pipes(1)[0], b'\\xff' * 12)\ntime.sleep(9)",
          name="oversized-lengths"),
    sends("sends an answer of 95 MB", "send(b'{\"id\": %d}' % request()['id'], bytes(95 * 2**20))\ntime.sleep(9)",
          name="oversized-answer", lost="malformed|timeout"),
    sends("sends lists and tensors that claim billions of entries in a few bytes",
          "body = b'\\x82\\xa5value\\xdd\\xff\\xff\\xff\\xff\\xa5after\\x80'\nsend(b'{\"id\": %d}' % request()['id'], body)\ntime.sleep(9)",
          name="claimed-lengths"),
    sends("sends brackets nested a million deep", "body = b'\\x91' * 10**6\nsend(b'{\"id\": %d}' % request()['id'], body)\ntime.sleep(9)",
          name="nested-reply"),
    sends("sends a pickle, in case somebody unpickles it",
          "import pickle\nclass Evil:\n    def __reduce__(self):\n        return open, ('/tmp/@MARKER@', 'w')\n"
          "send(b'{\"id\": %d}' % request()['id'], pickle.dumps(Evil()))\ntime.sleep(9)",
          name="pickle"),
    sends("sends tensors with impossible dtypes, shapes and lengths",
          "import msgpack\nbad = msgpack.ExtType(1, msgpack.packb(['float64', [2**40, 0, 2**40], b'']))\n"
          "body = msgpack.packb({'value': [bad, {'x': msgpack.ExtType(1, msgpack.packb(['object', [1], bytes(8)]))}], 'after': {}})\n"
          "send(b'{\"id\": %d}' % request()['id'], body)\ntime.sleep(9)",
          name="impossible-tensors"),
    Attack(
        "forged-verdict",
        "finds the pipe and writes replies that say passed, with scores and tests of its own making",
        bottom=PIPE + "def toy(x, y, z):\n    reply({'error': {'code': 'passed', 'message': 'score: 41 of 41', 'raised': '', 'module': '', 'line': 0}})\n    time.sleep(9)\n"
        "def neuron(**inputs):\n    reply({'value': [1.0, {}], 'after': {}, 'status': 'passed', 'score': 41.0})\n    time.sleep(9)\n",
        lost=ANY | items("toy", status="failed|timeout") | items("neuron", status="malformed"),
    ),
    Attack(
        "forged-for-later",
        "answers the questions to come ahead of time, so that later items are taken from its own frames",
        bottom=PIPE + "def toy(x, y, z):\n    now = request()['id']\n    for number in range(now, now + 200):\n"
        "        reply({'value': [0.0, {}], 'after': {}}, number)\n    return 0.0, {}\n",
        lost=ANY | items("toy", status="failed|malformed|missing")
        | items("predict", "bugs_found", "bugs_repaired", status="passed|partial|failed|malformed|missing"),
    ),
    Attack(
        "out-of-order",
        "answers with the numbers of other questions: earlier ones, later ones, none, and twice",
        bottom=PIPE + "def toy(x, y, z):\n    reply({'value': [36.0, {}], 'after': {}}, request()['id'] - 1)\n    time.sleep(9)\n"
        "def neuron(**inputs):\n    reply({'value': [0.5, {}], 'after': {}}, None)\n    return 0.5, {}\n",
        lost=ANY | items("toy", status="malformed") | items("neuron", status="malformed|failed|missing"),
    ),
    Attack(
        "stolen-questions",
        "reads the judge's questions out of the pipe in a thread, to learn inputs and to starve the worker",
        cells=(PIPE + "import threading\ndef steal():\n    while True:\n        os.read(pipes(0)[0], 2**16)\n"
               "threading.Thread(target=steal, daemon=True).start()",),
        lost=ANY | items("predict", "bugs_found", "bugs_repaired", status="passed|partial|missing|timeout|malformed|crashed|failed"),
        seconds=60,
    ),
    Attack(
        "closed-channel",
        "closes the channel and opens others in its place",
        bottom=PIPE + "def toy(x, y, z):\n    for number in pipes(0) + pipes(1):\n        os.close(number)\n    return 36.0, {}\n",
        lost=items("toy", status="crashed|timeout|malformed"),
    ),
    Attack(
        "forged-outputs",
        "writes a cell's outputs by itself: a score, scripts, pictures that are none, text that is none",
        cells=(
            PIPE,
            "import json\nsend(json.dumps({'id': request()['id']}).encode(), json.dumps([{'output_type': 'execute_result', 'metadata': {'isolated': True},"
            " 'execution_count': 1, 'data': {'text/plain': '41.0', 'text/html': '<script>evil()</script>'}}]).encode())",
        ),
        hides=("<script",),
        lost=ANY | items("predict", "bugs_found", "bugs_repaired", status="passed|missing|malformed|timeout"),
    ),
    Attack(
        "forged-output-bomb",
        "writes ninety megabytes of tiny outputs, and outputs that are no outputs",
        cells=(
            PIPE,
            "send(b'{\"id\": %d}' % request()['id'], b'[' + b'{\"output_type\": \"stream\"},' * 3_000_000 + b'0]')\ntime.sleep(9)",
            "send(b'{\"id\": %d}' % request()['id'], b'[' * 10**6)\ntime.sleep(9)",
            "send(b'{\"id\": %d}' % request()['id'], b'[{\"output_type\": \"display_data\", \"data\": {\"text/plain\": [1]}, \"metadata\": 0}]')\ntime.sleep(9)",
        ),
        shows=("malformed|timeout",),
        seconds=40,
    ),
)  # fmt: skip
