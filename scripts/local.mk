# Helpers for people and for packages.
EXTRA_DIST += quickstart scripts/deps.sh scripts/playground
