"""The explorer page of the book: pictures drawn when the book is built, turned over by a small script of our own.

No kernel, no network and no library of others is needed to use it, so it works from the file alone. The package
``recon_lib.explorer.live`` does the same with live networks.
"""
