#!/usr/bin/env bash
# Runs once, as root, while Gradescope builds the image: a Python of its own, and exactly the packages of packages.txt.
set -euo pipefail

home="${KIT_HOME:-/opt/backprop-kit}"
here="${AUTOGRADER_BASE:-/autograder}/source"

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends python3 python3-pip tzdata
python3 -m pip install --break-system-packages "uv==@UV@" 2>/dev/null || python3 -m pip install "uv==@UV@"

# Student code runs as an ordinary user, who must be able to read Python: so it does not lie in root's home.
export UV_PYTHON_INSTALL_DIR="$home/python" UV_LINK_MODE=copy UV_NO_CACHE=1
uv venv --managed-python --python "@PYTHON@" "$home/venv"
uv pip install --python "$home/venv/bin/python" --torch-backend cpu --no-deps -r "$here/packages.txt"
chmod -R a+rX "$home"

# Everything is imported once, so that a package that is missing stops the build here and not a student's grade later.
cd "$here/kit"
PYTHONPATH=lib:. "$home/venv/bin/python" -c 'import autograder.gradescope.harness, autograder.sandbox.zygote'
