"""The explorer page of the book: pictures drawn when the book is built, turned over by a small script of our own.

No kernel, no network and no library of others is needed to use it, so it works from the file alone. The room
``recon_lib.explore`` does the same with live networks.
"""

from recon_lib.explorer.frames import collect_frames, method_name
from recon_lib.explorer.page import render_explorer
from recon_lib.explorer.pictures import decode_difference, encode_difference

__all__ = ["collect_frames", "decode_difference", "encode_difference", "method_name", "render_explorer"]
