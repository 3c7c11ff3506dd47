# Helpers for people and for packages.
