"""What every system and interop test shares."""
