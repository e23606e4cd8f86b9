"""Landlock: which files this process may read and write from now on (Linux 5.13), which TCP ports (6.7), and no
signals or abstract sockets to anyone outside (6.12). Irrevocable, inherited, no privilege needed.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

from autograder.sandbox.walls import kernel

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR


def version() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    try:
        return kernel.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    except (OSError, AttributeError):
        return 0


def _all_file_rights(abi: int) -> int:
    rights = (1 << 13) - 1
    rights |= (1 << 13) if abi >= 2 else 0  # REFER
    rights |= TRUNCATE if abi >= 3 else 0
    rights |= IOCTL_DEV if abi >= 5 else 0
    return rights


def restrict(readable: list[str], writable: list[str]) -> int:
    """Allow only these trees from now on; paths that do not exist are passed over. Returns the version enforced.

    Needs no-new-privileges. Raises OSError where the kernel has no Landlock.
    """
    abi = version()
    if abi < 1:
        raise OSError("this kernel has no Landlock")
    rights = _all_file_rights(abi)
    attributes = struct.pack("Q", rights)
    if abi >= 4:
        attributes += struct.pack("Q", 0b11)  # bind and connect TCP: handled, and no rule allows any
    if abi >= 6:
        attributes += struct.pack("Q", 0b11)  # abstract unix sockets and signals: inside this domain only
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = kernel.syscall(_CREATE, buffer, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for paths, allowed in ((readable, READ), (writable, rights)):
            for path in paths:
                _allow(ruleset, path, allowed & rights)
        kernel.syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
        kernel.syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)
