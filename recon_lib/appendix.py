"""The executed notebooks of the runs: trimmed when they are collected, and drawn as one page.

What is kept of an output: its text, shortened, and its figure, small. What is left out: progress bars, what goes to
stderr, tables in HTML (their text says the same) and paths of the machine. The same notebook always gives the same
bytes.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from recon_lib.errors import ReconError
from recon_lib.results import Results
from recon_lib.tables import Rendered

FOLDER = "notebooks"  # beside the results they gave
KINDS = {"train": "Training", "finetune": "Fine-tuning", "evaluate": "Evaluation"}
_LINES, _TAIL = 40, 8  # of a text output: kept in all, and of these at its end
_WIDTH, _COLOURS = 700, 32  # of a figure: pixels, palette
_PATH = re.compile(r"(?<![\w./:~$}])/(?:[\w.+@-]+/)+([\w.+@-]*)|\b[A-Za-z]:\\(?:[\w.+@ -]+\\)+([\w.+@-]*)")
_STYLE = """<style>
.text_html:has(.recon-run) {background: transparent !important; color: inherit !important; padding: 0;}
.recon-run {border-bottom: 1px solid rgba(128, 128, 128, 0.35); padding: 0.3em 0;}
.recon-run summary {cursor: pointer; overflow-wrap: anywhere;}
.recon-run .recon-cell {border-left: 3px solid rgba(128, 128, 128, 0.35); padding-left: 0.8em; margin: 0.8em 0;}
.recon-run .recon-title {font-weight: bold; margin: 1.2em 0 0.4em;}
.recon-run pre {overflow-x: auto; margin: 0.4em 0; padding: 0.5em 0.7em; font-size: 0.8em; line-height: 1.35;
  background: rgba(128, 128, 128, 0.12); color: inherit; border: 0;}
.recon-run pre.recon-output {background: transparent; border: 0; padding-left: 0;}
.recon-run img {max-width: 100%; height: auto;}
</style>"""


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
    kept = {"parameters": _clean(execution.get("parameters", {}))}
    if execution.get("duration"):
        kept["duration"] = round(float(execution["duration"]), 1)
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "papermill": kept}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def as_bytes(notebook: Mapping[str, object]) -> bytes:
    """Write a notebook as JSON, with the same bytes each time.

    Args:
        notebook: From :func:`trim`.
    """
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def render(results: Results | None, kind: str | None = None) -> Rendered:
    """Draw the notebooks of a profile's runs, each folded under its name.

    Args:
        results: Ours; their notebooks lie in ``notebooks/<run-id>.ipynb``.
        kind: Only the runs whose name begins with this; by default all, grouped.

    Returns:
        HTML that needs no script: code, text and figures, the latter inside the page.

    Raises:
        ReconError: A notebook is damaged; the message names it.
    """
    found = [] if results is None else sorted((results.folder / FOLDER).glob("*.ipynb"), key=_order)
    parts, count = [], 0
    for prefix, title in {**KINDS, "": "Others"}.items():
        group = [path for path in found if _kind(path) == prefix and kind in (None, prefix)]
        if group:
            count += len(group)
            parts.append(f'<p class="recon-title">{title}: {len(group)} runs</p>' if kind is None else "")
            parts += [_run(path) for path in group]
    if not parts:
        return Rendered(markdown="```{note}\nNo notebooks of this kind have been collected yet.\n```")
    return Rendered(html=_STYLE + "\n".join(parts), markdown=f"{count} executed notebooks.")


def _cell(place: int, cell: Mapping) -> dict:
    """Keep what a reader needs of a cell."""
    source = _clean(_text(cell["source"])).strip("\n")
    kept = {"cell_type": cell["cell_type"], "id": f"cell-{place:02d}", "metadata": {}, "source": source}
    tags = [tag for tag in cell.get("metadata", {}).get("tags", []) if tag.endswith("parameters")]
    if tags:
        kept["metadata"] = {"tags": tags}
    if cell["cell_type"] == "code":
        kept |= {"execution_count": None, "outputs": list(_outputs(cell.get("outputs", [])))}
    return kept


def _outputs(outputs: Iterable[Mapping]) -> Iterable[dict]:
    """Shorten texts, shrink figures, drop the rest."""
    for output in outputs:
        kind, data = output["output_type"], output.get("data", {})
        if kind == "stream" and output.get("name") == "stdout":
            if text := _shorten(_text(output["text"])):
                yield {"output_type": "stream", "name": "stdout", "text": text}
        elif kind == "error":
            said = _clean(f"{output['ename']}: {output['evalue']}")
            yield {"output_type": "stream", "name": "stdout", "text": _shorten(said)}
        elif kind in ("display_data", "execute_result") and not any("widget" in name for name in data):
            image = data.get("image/png")
            text = _shorten(_text(data.get("text/plain", "")))
            shown = {"image/png": shrink(_text(image))} if image else {"text/plain": text} if text else {}
            if shown:
                yield {"output_type": "display_data", "metadata": {}, "data": shown}


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

    with Image.open(io.BytesIO(base64.b64decode(encoded))) as opened:
        if opened.format == "PNG" and opened.mode == "P" and opened.width <= _WIDTH:
            return encoded  # it has been through here before
        image = opened.convert("RGBA")
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
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if not isinstance(value, str):
        return value
    plain = re.sub(r"\x1b\[[0-9;]*m", "", value)
    return _PATH.sub(lambda match: match.group(1) or match.group(2) or "...", plain)


def _text(source: str | list[str]) -> str:
    """Join what nbformat may store as lines."""
    return source if isinstance(source, str) else "".join(source)


def _order(path: Path) -> list[tuple[bool, int, str]]:
    """Sort 500 before 1000."""
    parts = path.stem.split("-")
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _kind(path: Path) -> str:
    prefix = path.stem.partition("-")[0]
    return prefix if prefix in KINDS else ""


def _run(path: Path) -> str:
    """Draw one notebook as HTML, folded."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells, seconds = notebook["cells"], notebook["metadata"].get("papermill", {}).get("duration")
        took = f", {float(seconds):.0f} s" if seconds else ""
        title, body = "", []
        for cell in cells:
            source = _text(cell["source"])
            if cell["cell_type"] != "code":
                title = next((line.lstrip("# ") for line in source.splitlines() if line.startswith("#")), title)
                body.append(_markdown(source))
                continue
            outputs = "".join(_output(one, f"{title}: figure of the run {path.stem}") for one in cell["outputs"])
            body.append(f'<div class="recon-cell"><pre>{html.escape(source)}</pre>{outputs}</div>')
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReconError(f"{path} is not a readable notebook ({error!r}): collect the results again.") from error
    summary = f"<summary><code>{html.escape(path.stem)}</code>{took}</summary>"
    return f'<details class="recon-run">{summary}{"".join(body)}</details>'


def _output(output: Mapping, alt: str) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        source = f"data:image/png;base64,{_text(data['image/png']).strip()}"
        return f'<img loading="lazy" decoding="async" src="{html.escape(source)}" alt="{html.escape(alt)}">'
    text = output.get("text", data.get("text/plain", ""))
    return f'<pre class="recon-output">{html.escape(_text(text))}</pre>'


def _markdown(source: str) -> str:
    """Draw headings, paragraphs, code, emphasis and links: what the notebooks' texts are made of."""
    parts = []
    for block in re.split(r"\n\s*\n", html.escape(source, quote=False).strip()):
        heading = re.fullmatch(r"#+\s+(.*)", block.strip())
        text = heading.group(1) if heading else block
        text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
        text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
        text = re.sub(r"(?<!\*)\*([^*\n]+)\*(?!\*)", r"<em>\1</em>", text)
        text = re.sub(r"\[([^\]]+)\]\((https?://[^)\s\"]+)\)", r'<a href="\2">\1</a>', text)
        parts.append(f'<p class="recon-title">{text}</p>' if heading else f"<p>{text}</p>")
    return "".join(parts)
