"""A seccomp filter: the system calls that a student's process has no business with fail with EPERM.

No sockets (of any family), no new processes (threads are fine: torch starts them), no programs, no looking into or
signalling other processes, no mounts or namespaces, no kernel interfaces that hold memory outside the limits.
"""

from __future__ import annotations

import ctypes
import os
import struct

from autograder.sandbox.walls import kernel

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_EPERM, _ENOSYS = 1, 38
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_CLONE_THREAD = 0x00010000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

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
}  # fmt: skip
# Calls that are fine for the process itself and for nobody else: the first argument must be its own pid. 0 means the
# process itself to prlimit64; to kill it means the process group, in which the warm process and other workers are.
_OWN_PID = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
_ZERO_IS_OWN = ("prlimit64",)
_CLONE, _CLONE3 = (56, 220), 435


def available() -> bool:
    return kernel.LINUX and kernel.MACHINE in _ARCHITECTURES


def restrict() -> None:
    """Load the filter for this process and its threads, for good. Needs no-new-privileges. Raises OSError."""
    program = build(kernel.MACHINE, os.getpid())
    instructions = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    holder = Program(len(program) // 8, ctypes.addressof(instructions))
    kernel.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(holder))


def build(machine: str, pid: int) -> bytes:
    """The filter as BPF instructions."""
    column = list(_ARCHITECTURES).index(machine)
    lines: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_JEQ, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_LOAD, 0, 0, 0),  # the number of the call
        (_JGE, 0, 1, 0x40000000 if machine == "x86_64" else 0xFFFFFFFF),  # x32 calls would pass by other numbers
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_JEQ, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),  # its flags lie in memory, where a filter cannot look; libc then uses clone
        (_JEQ, 0, 4, _CLONE[column]),
        (_LOAD, 0, 0, 16),  # its flags
        (_JSET, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for name, numbers in _OWN_PID.items():
        lines += [
            (_JEQ, 0, 5, numbers[column]),
            (_LOAD, 0, 0, 16),
            (_JEQ, 2, 0, pid),
            (_JEQ, 1, 0, 0 if name in _ZERO_IS_OWN else pid),
            (_RETURN, 0, 0, _ERRNO | _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    for numbers in _DENIED.values():
        if numbers[column] is not None:
            lines += [(_JEQ, 0, 1, numbers[column]), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)
