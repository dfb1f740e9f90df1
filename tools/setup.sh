#!/bin/sh
# setup.sh PYTHON VENV EXTRAS "DEBIAN PACKAGES": make the virtual environment and install mailfax into it.
# As root on Debian it installs the Debian packages too; otherwise it says in one line what to install. Called by the Makefile.
set -eu
python=$1 venv=$2 extras=$3 packages=$4

say() { printf '%s\n' "mailfax: $*" >&2; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or later is needed; call make PYTHON=/path/to/python3.11"; exit 1; }

missing=
if command -v dpkg-query >/dev/null 2>&1; then
  for package in $packages; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
fi
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ]; then
    say "installing Debian packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # A test machine needs the programs of these packages, not their services running.
    RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
  elif ! "$python" -c 'import ensurepip' 2>/dev/null; then
    say "not root: please run  apt-get install$missing  and call make again"
    exit 1
  else
    say "not root: going on without$missing (apt-get install them for good fonts and the full tests)"
  fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
say "installing Python packages into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".$extras"
say "compiling the page codec (once)"
"$venv/bin/python" -m mailfax.warm
