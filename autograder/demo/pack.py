"""A zip as `submit` writes it, with times that the caller chooses, so that a class can be made again byte for byte."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import datetime


def pack(files: dict[str, bytes], created: datetime) -> bytes:
    """The bytes of a hand-in: the files and their manifest."""
    manifest = {
        "schema": 1,
        "assignment": "flat",
        "created": created.isoformat(timespec="seconds"),
        "kit": "0.1.0",
        "files": [
            {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
        ],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {**files, "manifest.json": (json.dumps(manifest, indent=1) + "\n").encode()}.items():
            entry = zipfile.ZipInfo(name, created.timetuple()[:6])
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()
