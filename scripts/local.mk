# Helpers for people and for packages.
EXTRA_DIST += scripts/deps.sh
