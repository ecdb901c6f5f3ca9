"""The executed notebooks that are published beside the results: trimmed, with small figures and no paths.

What stays of an output is its text, shortened, and its figure, small. Progress bars, what goes to stderr, tables in
HTML (their text says the same) and paths of the machine are left out. The same notebook always gives the same bytes.

The preprocessors of nbconvert (``ClearMetadata``, ``RegexRemove``, ``TagRemove``, ``ClearOutput`` and their like)
remove whole cells, outputs or metadata. None of them shortens a text, shrinks a figure or takes a path out of a line,
which is what these 100 lines do.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterable, Mapping

from recon_lib.core.errors import ReconError

FOLDER = "notebooks"
"""Stands beside the results that its notebooks gave."""
_LINES, _TAIL = 40, 8  # a text output is cut to so many lines, of which so many are its last
_WIDTH, _COLOURS = 700, 32  # a figure is at most so many pixels wide and has so many colours
_PATH = re.compile(r"(?<![\w./:~$}])/(?:[\w.+@-]+/)+([\w.+@-]*)|\b[A-Za-z]:\\(?:[\w.+@ -]+\\)+([\w.+@-]*)")


def trim(notebook: Mapping[str, object]) -> dict:
    """Make an executed notebook small enough to be published with its results.

    Args:
        notebook: As nbformat 4 has it, from JSON.

    Returns:
        A valid notebook of its own: Markdown, code, text outputs of at most 40 lines, figures as palette PNG at most
        700 pixels wide. No widget, progress bar, stderr, HTML or path of the machine is in it; of the metadata only the
        parameters and the seconds it took.

    Raises:
        ReconError: It is no notebook, or a figure in it is damaged.
    """
    try:
        cells = [_cell(place, cell) for place, cell in enumerate(notebook["cells"])]
        execution = dict(notebook.get("metadata", {}).get("papermill", {}))
    except (KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        raise ReconError(f"This is not an executed notebook that can be trimmed ({error!r}): run it again.") from error
    record = {"parameters": _clean(execution.get("parameters", {}))}
    if execution.get("duration"):
        record["duration"] = round(float(execution["duration"]), 1)
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "papermill": record,
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def as_bytes(notebook: Mapping[str, object]) -> bytes:
    """Write a notebook as JSON, with the same bytes each time.

    Args:
        notebook: From :func:`trim`.
    """
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _cell(place: int, cell: Mapping) -> dict:
    """Keep what a reader needs of a cell."""
    source = _clean(join_lines(cell["source"])).strip("\n")
    trimmed = {"cell_type": cell["cell_type"], "id": f"cell-{place:02d}", "metadata": {}, "source": source}
    tags = [tag for tag in cell.get("metadata", {}).get("tags", []) if tag.endswith("parameters")]
    if tags:
        trimmed["metadata"] = {"tags": tags}
    if cell["cell_type"] == "code":
        trimmed |= {"execution_count": None, "outputs": list(_outputs(cell.get("outputs", [])))}
    return trimmed


def _outputs(outputs: Iterable[Mapping]) -> Iterable[dict]:
    """Shorten texts, shrink figures, drop the rest."""
    for output in outputs:
        kind, data = output["output_type"], output.get("data", {})
        if kind == "stream" and output.get("name") == "stdout":
            if text := _shorten(join_lines(output["text"])):
                yield {"output_type": "stream", "name": "stdout", "text": text}
        elif kind == "error":
            message = f"{output['ename']}: {output['evalue']}"
            yield {"output_type": "stream", "name": "stdout", "text": _shorten(message)}
        elif kind in ("display_data", "execute_result") and not any("widget" in name for name in data):
            image = data.get("image/png")
            text = _shorten(join_lines(data.get("text/plain", "")))
            content = {"image/png": shrink(join_lines(image))} if image else {"text/plain": text} if text else {}
            if content:
                yield {"output_type": "display_data", "metadata": {}, "data": content}


def shrink(encoded: str) -> str:
    """Make a figure small: at most 700 pixels wide, on white, 32 colours.

    Args:
        encoded: PNG in base64.

    Returns:
        Likewise, without any metadata.

    Raises:
        OSError: It is no image (as Pillow says it).
    """
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(encoded))) as figure:
        if figure.format == "PNG" and figure.mode == "P" and figure.width <= _WIDTH:
            return encoded  # it was shrunk when it was collected
        image = figure.convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(ground, image).convert("RGB")
    if image.width > _WIDTH:
        image = image.resize((_WIDTH, round(image.height * _WIDTH / image.width)), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode()


def _shorten(text: str) -> str:
    """Keep the last state of a line that was written over, and the first and last lines of a long text."""
    lines = [line.rpartition("\r")[2].rstrip() for line in _clean(text).replace("\r\n", "\n").strip("\n").split("\n")]
    if len(lines) > _LINES:
        left_out = len(lines) - _LINES + 1
        lines = [*lines[: _LINES - _TAIL - 1], f"... {left_out} lines left out ...", *lines[-_TAIL:]]
    return "\n".join(lines)


def _clean(value: object) -> object:
    """Leave only a path's last part, and no colour codes of a terminal."""
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if not isinstance(value, str):
        return value
    plain = re.sub(r"\x1b\[[0-9;]*m", "", value)
    return _PATH.sub(lambda match: match.group(1) or match.group(2) or "...", plain)


def join_lines(source: str | list[str]) -> str:
    """Join what nbformat may store as lines."""
    return source if isinstance(source, str) else "".join(source)
