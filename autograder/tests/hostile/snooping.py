"""Attacks on what a student may not see or change: the reference, the hidden inputs, files, the environment."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from .attack import Attack, add, items

SEARCH = '''
import gc, sys, types

def suspicious(thing):
    """Whether an object is of the judge's side: a suite, a test, a verdict, the grader's modules."""
    kind = type(thing)
    if kind.__name__ in ("Judge", "Suite", "Verdict", "Judgement", "TestResult", "Session", "Make"):
        return kind.__module__.startswith(("toolbox", "autograder", "_pytest"))
    if isinstance(thing, types.FunctionType):
        return "/checks/" in thing.__code__.co_filename or thing.__name__.startswith("test_the_")
    if isinstance(thing, types.ModuleType):
        return thing.__name__.startswith(("autograder.judging.judge", "autograder.records.verdict", "autograder.course", "solutions"))
    return False

def search(things):
    found = [thing for thing in things if suspicious(thing)]
    if not found:
        raise LookupError("nothing of the judge's in here")
    return found

def frames():
    frame, found = sys._getframe(), []
    while frame is not None:
        found += list(frame.f_locals.values()) + list(frame.f_globals.values())
        frame = frame.f_back
    return found
'''

add(
    Attack(
        "frames",
        "walks the stack for the test, the reference and the expected answer",
        bottom=SEARCH + "def toy(x, y, z):\n    found = search(frames())\n    return found\n",
        cells=(SEARCH, "attempt('frames', lambda: search(frames()))"),
        lost=items("toy", status="failed"),
        says="LookupError: nothing of the judge",
        stopped=1,
    ),
    Attack(
        "gc",
        "asks the garbage collector and sys.modules for the suite, the tests and the verdicts",
        cells=(
            SEARCH,
            "attempt('gc', lambda: search(gc.get_objects()))\n"
            "attempt('referrers', lambda: search([y for x in gc.get_objects()[:2000] for y in gc.get_referrers(x)][:10**5]))\n"
            "attempt('modules', lambda: search(sys.modules.values()))\n"
            "for name in ('autograder.judging.judge', 'autograder.records.verdict', 'autograder.course.flat', 'solutions.flat'):\n"
            "    attempt(name, lambda: __import__(name))",
        ),
        stopped=7,
    ),
    Attack(
        "proc",
        "reads other processes through /proc: memory, environment, descriptors, command lines",
        cells=(
            "import os\n"
            "for name in ('self/environ', '1/environ', 'self/mem', 'self/maps', '1/maps', 'self/cmdline', '1/cmdline',\n"
            "             'self/root/etc/passwd', '1/cwd', 'kcore', 'keys', 'mounts'):\n"
            "    attempt(name, lambda: open('/proc/' + name, 'rb').read(100))\n"
            "attempt('list', lambda: os.listdir('/proc'))\n"
            "attempt('sys', lambda: os.listdir('/sys'))\n"
            "attempt('parent', lambda: os.listdir(f'/proc/{os.getppid()}/fd'))",
        ),
        stopped=15,
    ),
    Attack(
        "descriptors",
        "looks through its open file descriptors for files and folders of the grader's",
        cells=(
            "import fcntl, os, stat\n"
            "def beyond():\n"
            "    found = []\n"
            "    for number in range(4096):\n"
            "        try:\n"
            "            mode = os.fstat(number).st_mode\n"
            "        except OSError:\n"
            "            continue\n"
            "        readable = fcntl.fcntl(number, fcntl.F_GETFL) & 3 == os.O_RDONLY  # fonts that matplotlib has open\n"
            "        if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or (stat.S_ISREG(mode) and readable)):\n"
            "            found.append((number, oct(mode)))\n"
            "        try:\n"
            "            os.close(os.open('.', os.O_RDONLY, dir_fd=number))\n"
            "            found.append((number, 'a folder'))\n"
            "        except OSError:\n"
            "            pass\n"
            "    if not found:\n"
            "        raise LookupError('pipes, fonts and /dev/null only')\n"
            "    return found\n"
            "attempt('descriptors', beyond)",
        ),
        stopped=1,
        shows=("pipes, fonts and /dev/null only",),
    ),
    Attack(
        "read-files",
        "reads tests, solutions, other hand-ins, verdicts, the gradebook and the system's files",
        cells=(
            "import os\n"
            "for name in ('@CLASSROOM@/gradebook.db', '@CLASSROOM@/submitted/other/flat/lib/backprop/flat.py',\n"
            "             '@CLASSROOM@/verdicts/flat/other.json', '@FIELD@/canary.txt', '/etc/passwd', '/etc/shadow',\n"
            "             '@KIT@/autograder/course/flat/checks/gates.py', '@KIT@/solutions/backprop/flat.py',\n"
            "             '@KIT@/nbgrader_config.py', '@KIT@/autograder/judging/judge.py', '@KIT@/.git/config', '/dev/mem', '/dev/shm',\n"
            "             '../../../../../@FIELD@/canary.txt', '/old@FIELD@/canary.txt'):\n"
            "    attempt(name, lambda: open(name, 'rb').read(64))\n"
            "for name in ('@CLASSROOM@', '@KIT@/autograder', '@KIT@/solutions', '/boot', '/home', '/var'):\n"
            "    attempt(name, lambda: os.listdir(name))",
        ),
        stopped=21,
    ),
    Attack(
        "read-answers",
        "reads the toolbox and the modules of other assignments: their files, what imports find, what is in memory",
        bottom="from toolbox.checks.reference.models import Truth\nimport toolbox.gradcheck as _gradcheck\n_gradcheck.gradcheck(toy, {})\n",
        cells=(
            "import gc, inspect, os, pathlib, types\n"
            "lib = '@KIT@/lib'\n"
            "for name in ('toolbox/checks/reference/models.py', 'toolbox/gradcheck/nudge.py', 'toolbox/calling/calls.py', 'backprop/scalar.py',\n"
            "             'toolbox/__pycache__/references.cpython-311.pyc', 'toolbox/given/small_layers.py'):\n"
            "    attempt(name, lambda: open(f'{lib}/{name}', 'rb').read(64))\n"
            "for name in ('scalar.py', 'fast.py', 'layers.py'):\n"
            "    attempt(name, lambda: open(f'lib/backprop/{name}').read())\n"
            "attempt('list', lambda: os.listdir(lib))\n"
            "attempt('suite', lambda: open('checks/gates.py').read())\n"
            "from backprop import scalar\n"
            "from toolbox import graph_ops, planted, references\n"
            "for module in (scalar, graph_ops, planted, references):\n"
            "    attempt(module.__name__, lambda: inspect.getsource(module))\n"
            "def known():\n"
            "    origin = lambda thing: getattr(thing, '__module__', None) or ''\n"
            "    kinds = types.FunctionType, type\n"
            "    found = [f'{origin(f)}.{f.__name__}' for f in gc.get_objects() if isinstance(f, kinds)\n"
            "             and str(origin(f)).startswith(('toolbox.checks.reference.models', 'toolbox.checks.reference', 'toolbox.gradcheck', 'toolbox.checks.suite'))]\n"
            "    if not found:\n"
            "        raise LookupError('nothing that answers an item')\n"
            "    return found\n"
            "attempt('memory', known)",
        ),
        stopped=16,
        shows=("nothing that answers an item",),
    ),
    Attack(
        "overwrite-module",
        "writes another flat.py over the one that was handed in, and has it loaded again",
        cells=(
            "%%writefile lib/backprop/flat.py\ndef toy(x, y, z):\n    return 0.0, {}",
            "import importlib, sys\nfrom backprop import flat\nimportlib.reload(flat)\nimportlib.invalidate_caches()\n"
            "sys.modules.pop('backprop.flat'); from backprop import flat",
        ),
    ),
    Attack(
        "read-otherwise",
        "reads by links, raw system calls, SQLite, mmap, the shell and IPython's magics",
        cells=(
            "import ctypes, mmap, os, sqlite3, pathlib\n"
            "libc, target = ctypes.CDLL(None, use_errno=True), '@FIELD@/canary.txt'\n"
            "def checked(result):\n"
            "    if result < 0:\n"
            "        raise OSError(ctypes.get_errno(), 'refused')\n"
            "    return result\n"
            "attempt('hard link', lambda: os.link(target, 'hard'))\n"
            "os.symlink(target, 'soft')\n"
            "attempt('soft link', lambda: open('soft').read())\n"
            "attempt('open', lambda: checked(libc.open(target.encode(), 0)))\n"
            "attempt('openat2', lambda: checked(libc.syscall(437, -100, target.encode(), bytes(24), 24)))\n"
            "attempt('sqlite', lambda: sqlite3.connect('file:@CLASSROOM@/gradebook.db?mode=ro', uri=True)"
            ".execute('select * from grade').fetchall())\n"
            "attempt('handle', lambda: checked(libc.open_by_handle_at(-100, bytes(128), 0)))\n"
            "attempt('mmap', lambda: mmap.mmap(os.open(target, 0), 16))\n"
            "attempt('path', lambda: pathlib.Path(target).read_text())",
            "!cat @FIELD@/canary.txt",
            "%run @KIT@/solutions/backprop/flat.py",
            "%load @KIT@/solutions/backprop/flat.py",
            "%%bash\ncat @FIELD@/canary.txt",
        ),
        stopped=8,
    ),
    Attack(
        "environment",
        "looks for the grader's environment: variables, the seed, keys, credentials",
        cells=(
            "import ctypes, os, sys\n"
            "attempt('secret', lambda: os.environ['@SECRET@'])\n"
            "libc = ctypes.CDLL(None)\n"
            "libc.getenv.restype = ctypes.c_char_p\n"
            "attempt('getenv', lambda: libc.getenv(b'@SECRET@').decode())\n"
            "print(dict(os.environ), sys.argv, sys.orig_argv)\n"
            "attempt('credentials', lambda: open(os.path.expanduser('~root/.ssh/id_rsa')).read())",
        ),
        stopped=3,
    ),
    Attack(
        "write-files",
        "writes verdicts, the gradebook, other hand-ins, tests, the toolbox and the Python installation",
        cells=(
            "import os, sqlite3, sys, torch\n"
            "for name in ('@CLASSROOM@/gradebook.db', '@CLASSROOM@/submitted/other/flat/flat.ipynb', '@FIELD@/canary.txt',\n"
            "             '@CLASSROOM@/verdicts/flat/other.json', '@CLASSROOM@/verdicts/flat/write-files.json',\n"
            "             '@KIT@/autograder/course/flat/checks/gates.py', '@KIT@/lib/toolbox/checks/compare.py', torch.__file__, os.__file__,\n"
            "             sys.executable, '/usr/bin/env'):\n"
            "    attempt(name, lambda: open(name, 'r+b'))\n"
            "for name in ('/tmp/@MARKER@', '/@MARKER@', '/dev/shm/@MARKER@', '/var/tmp/@MARKER@', '@FIELD@/@MARKER@', '@KIT@/@MARKER@',\n"
            "             '@KIT@/classroom/@MARKER@', os.path.dirname(torch.__file__) + '/@MARKER@.py', os.path.expanduser('~root/@MARKER@')):\n"
            "    attempt(name, lambda: open(name, 'w'))\n"
            "attempt('sql', lambda: sqlite3.connect('@CLASSROOM@/gradebook.db').execute('update grade set score = 99'))",
        ),
        stopped=21,
    ),
    Attack(
        "change-files",
        "deletes, renames, truncates and changes the rights and times of the grader's files",
        cells=(
            "import os, shutil\n"
            "target = '@FIELD@/canary.txt'\n"
            "for name, action in {\n"
            "    'unlink': lambda: os.unlink('@CLASSROOM@/gradebook.db'), 'rename': lambda: os.rename(target, target + '2'),\n"
            "    'replace': lambda: os.replace('hand.txt', target), 'truncate': lambda: os.truncate(target, 0),\n"
            "    'chmod': lambda: os.chmod(target, 0o777), 'chown': lambda: os.chown(target, 1, 1),\n"
            "    'utime': lambda: os.utime(target), 'rmtree': lambda: shutil.rmtree('@CLASSROOM@/submitted/other'),\n"
            "    'mkdir': lambda: os.mkdir('@CLASSROOM@/@MARKER@'), 'mkfifo': lambda: os.mkfifo('@CLASSROOM@/@MARKER@'),\n"
            "    'mknod': lambda: os.mknod('sda', 0o60600, os.makedev(8, 0)), 'xattr': lambda: os.setxattr(target, 'user.a', b'1'),\n"
            "    'chroot': lambda: os.chroot('.'),\n"
            "}.items():\n"
            "    attempt(name, action)",
        ),
        stopped=13,
    ),
)  # fmt: skip
