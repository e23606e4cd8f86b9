"""Wrong answers with files: writing, checkpoints, searches that go on."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

TEMPORARY = 'temporary = path.with_name(f".{path.name}.{os.getpid()}.part")'
CLEAN = "        temporary.unlink(missing_ok=True)  # still there only where something failed\n"
REPLACE = "        os.replace(temporary, path)\n"
SAVE = "np.savez(buffer, **{name: tensor.cpu().numpy() for name, tensor in state.items()})"
NUMPY = "tensor.cpu().numpy()"
WRITE = "write_atomically(path, buffer.getvalue())"
LOAD = """    with np.load(path, allow_pickle=False) as archive:
        state = {name: torch.from_numpy(archive[name]) for name in archive.files}
"""
READ = "known = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []"
FIND_ROW = 'row == {**point, "result": row["result"]}'
FIND = f"next((row for row in known if {FIND_ROW}), None)"
LINES = '"".join(json.dumps(line) + "\\n" for line in known).encode()'
ALL = f"            write_atomically(path, {LINES})\n"
EVALUATE = 'row = {**point, "result": float(evaluate(**point))}'

FILES: list[Answer] = [
    *wrong(
        "write_atomically",
        "atomic",
        ("writes in place", TEMPORARY, "path.write_bytes(data)\n    return", "written-in-place"),
        (
            "writes in place and makes sure of the disk",
            TEMPORARY,
            "with open(path, 'wb') as file:\n"
            "        file.write(data)\n        file.flush()\n        os.fsync(file.fileno())\n    return",
            "written-in-place",
        ),
        (
            "deletes the old file first",
            TEMPORARY,
            TEMPORARY + "\n    path.unlink(missing_ok=True)",
            ("old-file-deleted", "written-in-place"),
        ),
        (
            "keeps a spare of the old file",
            TEMPORARY,
            "spare = path.with_suffix('.old')\n    os.replace(path, spare) if path.exists() else None\n"
            "    path.write_bytes(data)\n    return",
            ("written-in-place", "temporary-file-left"),
        ),
        (
            "deletes the old file before it moves the new one",
            REPLACE,
            "        path.unlink(missing_ok=True)\n        os.rename(temporary, path)\n",
            "old-file-deleted",
        ),
        ("leaves the temporary file behind on failure", CLEAN, "        pass\n", "temporary-file-left"),
        (
            "copies the temporary file",
            REPLACE,
            "        path.write_bytes(temporary.read_bytes())\n",
            "written-in-place",
        ),
        ("swallows the failure", REPLACE, REPLACE + "    except OSError:\n        pass\n", "failure-swallowed"),
        (
            "appends",
            TEMPORARY,
            "with open(path, 'ab') as file:\n        file.write(data)\n    return",
            ("file-appended", "written-in-place"),
        ),
        ("writes text with line ends", "file.write(data)", "file.write(data + b'\\n')", "file-appended"),
        ("never puts the file in place", REPLACE, "", None),
        ("cannot take a text", "path = Path(path)", "path = path", None),
        (
            "writes the first time only",
            TEMPORARY,
            "if path.exists():\n        return\n    " + TEMPORARY,
            "failure-swallowed",
        ),
        ("leaves it to the system when it writes", "            os.fsync(file.fileno())\n", "", "bytes-not-on-disk"),
        ("hurries the system before Python", "            file.flush()\n", "", "bytes-not-on-disk"),
        (
            "writes into the folder for temporary files",
            TEMPORARY,
            "import tempfile\n    temporary = Path(tempfile.gettempdir()) / f'{path.name}.{os.getpid()}.part'",
            "temporary-elsewhere",
        ),
        ("truncates, then replaces", TEMPORARY, "open(path, 'wb').close()\n    " + TEMPORARY, "written-in-place"),
    ),
    *wrong(
        "save_checkpoint",
        "checkpoint",
        ("pickles", SAVE, "import pickle\n    buffer.write(pickle.dumps(state))", "pickle-written"),
        ("uses torch.save", SAVE, "torch.save(state, buffer)", "pickle-written"),
        ("saves in float32", NUMPY, "tensor.cpu().float().numpy()", ("dtype-lost", "numbers-changed")),
        ("saves objects", SAVE, "np.savez(buffer, state=np.array(state, dtype=object))", "pickle-written"),
        (
            "forgets the names",
            SAVE,
            "np.savez(buffer, *[tensor.cpu().numpy() for tensor in state.values()])",
            "state-names-lost",
        ),
        (
            "drops the folders of the names",
            "{name: tensor.cpu()",
            "{name.split('/')[-1]: tensor.cpu()",
            "state-names-lost",
        ),
        ("flattens", NUMPY, "tensor.cpu().flatten().numpy()", "shape-lost"),
        ("rounds", NUMPY, "tensor.cpu().numpy().round(6)", "numbers-changed"),
        (
            "saves parameters only",
            "in state.items()",
            "in state.items() if name.startswith('params/')",
            "state-names-lost",
        ),
        (
            "saves the first time only",
            WRITE,
            "write_atomically(path, buffer.getvalue()) if not Path(path).exists() else None",
            ("state-names-lost", "numbers-changed"),
        ),
        ("forgets to write", WRITE, "pass", None),
        (
            "saves to the path itself",
            WRITE,
            "with open(path, 'wb') as file:\n        file.write(buffer.getvalue())",
            "written-in-place",
        ),
        ("forgets the GPU", NUMPY, "tensor.numpy()", "device-forgotten"),
        ("loses bytes", "tensor.cpu().numpy() for", "tensor.cpu().numpy()[..., ::-1] for", "numbers-changed"),
    ),
    *wrong(
        "load_checkpoint",
        "checkpoint",
        ("allows pickles", "allow_pickle=False", "allow_pickle=True", "pickle-opened"),
        (
            "unpickles what is no archive",
            LOAD,
            "    import pickle\n    try:\n"
            + LOAD.replace("    with", "        with").replace("        state", "            state", 1)
            + "    except ValueError:\n        state = pickle.loads(Path(path).read_bytes())\n",
            "pickle-opened",
        ),
        (
            "makes float32 of everything",
            "torch.from_numpy(archive[name])",
            "torch.from_numpy(archive[name]).float()",
            ("dtype-lost",),
        ),
        (
            "cannot take a text",
            LOAD,
            "    with open(path.with_suffix('.npz'), 'rb') as file, np.load(file) as archive:\n"
            "        state = {name: torch.from_numpy(archive[name]) for name in archive.files}\n",
            None,
        ),
        ("gives arrays back", "torch.from_numpy(archive[name])", "archive[name].tolist()", None),
        (
            "makes vectors of numbers",
            "torch.from_numpy(archive[name])",
            "torch.from_numpy(np.atleast_1d(archive[name]))",
            "shape-lost",
        ),
    ),
    *wrong(
        "search",
        "search",
        ("reads nothing", READ, "known = []", ("evaluated-again", "lines-lost", "points-known-by-place")),
        (
            "writes at the end only",
            ALL,
            "        if len(rows) == len(points) - 1:\n    " + ALL,
            ("written-at-the-end", "evaluated-again"),
        ),
        (
            "appends",
            ALL,
            "            with open(path, 'a') as file:\n                file.write(json.dumps(row) + '\\n')\n",
            "line-torn",
        ),
        ("writes in place", ALL, f"            path.write_bytes({LINES})\n", ("line-torn", "lines-lost")),
        (
            "writes all points again",
            "known.append(row)",
            "known.extend(rows + [row])",
            ("line-twice", "written-at-the-end"),
        ),
        (
            "keeps the new lines only",
            "known.append(row)",
            "known = [row]",
            ("written-at-the-end", "evaluated-again", "points-known-by-place", "lines-lost"),
        ),
        (
            "knows points by their place",
            FIND,
            "known[len(rows)] if len(rows) < len(known) else None",
            ("points-known-by-place",),
        ),
        (
            "knows points by one setting",
            FIND_ROW,
            "all(abs(row.get(name, 9) - value) < 0.3 for name, value in point.items())",
            ("points-known-by-place", "search-rows", "interruption-swallowed", "lines-lost"),
        ),
        (
            "takes a point with a setting more",
            FIND_ROW,
            "all(row.get(name) == value for name, value in point.items())",
            None,
        ),
        ("returns the file", "return rows", "return known if rows is not None else None", "search-rows"),
        ("rounds the results", "float(evaluate(**point))", "round(float(evaluate(**point)), 3)", None),
        (
            "goes on after an interruption",
            EVALUATE,
            "try:\n                " + EVALUATE + "\n            except BaseException:\n                continue",
            ("interruption-swallowed", "search-rows"),
        ),
        ("returns the results only", "rows.append(row)", 'rows.append(row["result"])', None),
        ("cannot take a text", "path = Path(path)", "path = path", None),
        ("returns new points only", "        rows.append(row)\n", "            rows.append(row)\n", "search-rows"),
        (
            "evaluates once more",
            EVALUATE,
            "evaluate(**point)\n            " + EVALUATE,
            ("written-at-the-end", "evaluated-again", "points-known-by-place"),
        ),
    ),
]
