"""A seccomp filter: the system calls that a student's process has no business with fail with EPERM.

No sockets (of any family), no new processes (threads are fine: torch starts them), no programs, no looking into or
signalling other processes, no mounts or namespaces, no kernel interfaces that hold memory outside the limits, no
watching of files, of ioctl only what terminals and pipes are asked. Where there is no room, whose files cannot be
written to, also nothing that changes the mode, the owner, the times or the attributes of a file: Landlock lets that
pass, and before its version 3 cutting files short as well.
"""

from __future__ import annotations

import ctypes
import os
import struct
from functools import cache

from autograder.sandbox.walls import kernel

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_EPERM, _ENOTTY, _ENOSYS = 1, 25, 38
_ALLOW, _ERRNO, USER_NOTIF = 0x7FFF0000, 0x00050000, 0x7FC00000
_LOAD, _AND, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32  # where they lie in what a filter is given
_CLONE_THREAD = 0x00010000
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_FILTER, _NEW_LISTENER = 1, 8

# name -> (x86_64, aarch64); None where the machine has no such call
_DENIED = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242),
    "bind": (49, 200), "listen": (50, 201), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "setsid": (112, 157), "setpgid": (109, 154),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159), "capset": (126, 91),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "personality": (135, 92),
    "sethostname": (170, 161), "setdomainname": (171, 162), "syslog": (103, 116), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
}  # fmt: skip
_DENIED_WITHOUT_ROOM = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}  # fmt: skip
_MAKES = {
    "creat": (85, None), "mkdir": (83, None), "mkdirat": (258, 34), "mknod": (133, None), "mknodat": (259, 33),
    "symlink": (88, None), "symlinkat": (266, 36), "link": (86, None), "linkat": (265, 37), "openat2": (437, 437),
}  # fmt: skip
_CUTS = {"truncate": (76, 45), "openat2": (437, 437)}  # before version 3 of Landlock
_OPEN, _OPENAT = (2, None), (257, 56)
_O_ACCMODE, _O_CREAT, _O_TRUNC = 3, 0o100, 0o1000
_IOCTL = (16, 29)
# isatty (in two versions), the size of a window, bytes to be read, whether to wait and whether to pass on to a program
_IOCTLS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# Calls that are fine for the process itself and for nobody else: the first argument must be its own pid. 0 means the
# process itself to prlimit64; to kill it means the process group, in which the zygote and other workers are.
_OWN_PID = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
_ZERO_IS_OWN = ("prlimit64",)
_CLONE, _CLONE3 = (56, 220), 435


def available() -> bool:
    return kernel.LINUX and kernel.MACHINE in _ARCHITECTURES


def call(operation: int, flags: int, argument: object) -> int:
    """The system call seccomp. Raises OSError."""
    return kernel.syscall(_SECCOMP[kernel.MACHINE], ctypes.c_uint(operation), ctypes.c_uint(flags), argument)


def restrict(room: bool, landlock: int) -> None:
    """Load the filter for this process and its threads, for good. Needs no-new-privileges. Raises OSError.

    room: whether the files outside lie on file systems that this process cannot write to; landlock: its version.
    """
    _load(build(kernel.MACHINE, os.getpid(), room, landlock), 0)


def ask(files: bool) -> int:
    """Have starts of threads, and where wanted of files, asked for: see `asking`. Returns the descriptor at which they
    are. Raises OSError.
    """
    column = list(_ARCHITECTURES).index(kernel.MACHINE)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JEQ, 1, 0, _ARCHITECTURES[kernel.MACHINE]),
        (_RETURN, 0, 0, _ALLOW),  # `build` refuses it
        (_LOAD, 0, 0, _NUMBER),
        *_where(_CLONE[column], _FIRST, _CLONE_THREAD, USER_NOTIF),
    ]
    if files:
        for numbers, flags in ((_OPEN, _SECOND), (_OPENAT, _THIRD)):
            lines += _where(numbers[column], flags, _O_CREAT, USER_NOTIF)
        for making in _MAKES.values():
            if (number := making[column]) is not None:
                lines += [(_JEQ, 0, 1, number), (_RETURN, 0, 0, USER_NOTIF)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return _load(_packed(lines), _NEW_LISTENER)


def is_clone(number: int) -> bool:
    return number in _CLONE


def _where(number: int | None, argument: int, bit: int, action: int) -> list[tuple[int, int, int, int]]:
    """Take this action where a call's argument has this bit, and allow the call where not."""
    if number is None:
        return []
    return [
        (_JEQ, 0, 4, number),
        (_LOAD, 0, 0, argument),
        (_JSET, 0, 1, bit),
        (_RETURN, 0, 0, action),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _load(program: bytes, flags: int) -> int:
    instructions = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    holder = Program(len(program) // 8, ctypes.addressof(instructions))
    return call(_SET_FILTER, flags, ctypes.byref(holder))


def _packed(lines: list[tuple[int, int, int, int]]) -> bytes:
    return b"".join(struct.pack("HBBI", *line) for line in lines)


@cache
def build(machine: str, pid: int, room: bool = True, landlock: int = 3) -> bytes:
    """The filter as BPF instructions; see `restrict`."""
    column = list(_ARCHITECTURES).index(machine)
    lines: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JEQ, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_JGE, 0, 1, 0x40000000 if machine == "x86_64" else 0xFFFFFFFF),  # x32 calls would pass by other numbers
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_JEQ, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),  # its flags lie in memory, where a filter cannot look; libc then uses clone
        (_JEQ, 0, 4, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST),  # its flags
        (_JSET, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
        (_JEQ, 0, len(_IOCTLS) + 3, _IOCTL[column]),
        (_LOAD, 0, 0, _SECOND),
        *((_JEQ, len(_IOCTLS) - place, 0, request) for place, request in enumerate(_IOCTLS)),
        (_RETURN, 0, 0, _ERRNO | _ENOTTY),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for name, numbers in _OWN_PID.items():
        lines += [
            (_JEQ, 0, 5, numbers[column]),
            (_LOAD, 0, 0, _FIRST),
            (_JEQ, 2, 0, pid),
            (_JEQ, 1, 0, 0 if name in _ZERO_IS_OWN else pid),
            (_RETURN, 0, 0, _ERRNO | _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    denied = _DENIED if room else _DENIED | _DENIED_WITHOUT_ROOM
    if not room and landlock < 3:
        denied = denied | _CUTS
        lines += _no_cutting_by_reading(_OPEN[column], _SECOND) + _no_cutting_by_reading(_OPENAT[column], _THIRD)
    for refused in denied.values():
        if (number := refused[column]) is not None:
            lines += [(_JEQ, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return _packed(lines)


def _no_cutting_by_reading(number: int | None, flags: int) -> list[tuple[int, int, int, int]]:
    """Refuse to open a file to read it and cut it short, which Linux does. flags: where they lie."""
    if number is None:
        return []
    return [
        (_JEQ, 0, 5, number),
        (_LOAD, 0, 0, flags),
        (_AND, 0, 0, _O_ACCMODE | _O_TRUNC),
        (_JEQ, 0, 1, _O_TRUNC),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
