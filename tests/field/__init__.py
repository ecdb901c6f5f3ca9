"""Files and habits from the field: each kind is made by code, put through a command, and compared with its right value.

``PYTHONPATH=tests python -m field`` prints the table of all kinds, before and after; ``tests/test_field.py`` runs them.
"""
