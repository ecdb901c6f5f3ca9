"""The data: a manifest, files fetched and verified, domains prepared once.

``load("t1", "test")`` is all that an experiment needs; ``domain_hash`` is the identity of what it
returns, and ``status`` says what of the manifest is at hand.
"""
