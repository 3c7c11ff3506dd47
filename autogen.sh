#!/bin/sh
# Makes ./configure from a git checkout; tarballs have it already.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
exec autoreconf --install --force --warnings=all,no-obsolete,no-portability "$@"
