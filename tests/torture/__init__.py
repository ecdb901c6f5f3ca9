"""Tests that break things: the long version, ``make torture``; ``tests/test_torture.py`` runs a short one."""
