"""The executed notebooks of the runs, drawn as one page that needs no script.

Markdown is drawn by markdown-it-py. Cells and outputs are drawn here and not by nbconvert: its basic HTML template took
76 ms a notebook, 8 s for the 104 notebooks of ``desk``, where this module takes 0.07 s; and it gives the cells of every
notebook the same ids, which one page of many notebooks may not repeat.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path

from markdown_it import MarkdownIt

from recon_lib.core.errors import ReconError
from recon_lib.paper.machines import name_machine
from recon_lib.paper.markdown import table
from recon_lib.paper.markup import Rendered
from recon_lib.results.merge import notebook_file
from recon_lib.results.notebooks import FOLDER, join_lines
from recon_lib.results.store import Results

_PARSER = MarkdownIt("commonmark", {"html": False}).disable("image")
HEADINGS = {"train": "Training", "finetune": "Fine-tuning", "evaluate": "Evaluation"}
_NAMES = {"train": "training", "finetune": "fine-tuning", "evaluate": "evaluation"}
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
    paths = [] if results is None else sorted((results.folder / FOLDER).glob("*.ipynb"), key=_order)
    parts, count = [], 0
    for prefix, title in {**HEADINGS, "": "Others"}.items():
        group = [path for path in paths if _kind(path) == prefix and kind in (None, prefix)]
        if group:
            count += len(group)
            parts.append(f'<p class="recon-title">{title}: {len(group)} runs</p>' if kind is None else "")
            parts += [_run(path) for path in group]
    if not parts:
        return Rendered(markdown="```{note}\nNo notebooks of this kind have been collected yet.\n```")
    return Rendered(html=_STYLE + "\n".join(parts), markdown=f"{count} executed notebooks.")


def render_coverage(results: Results) -> Rendered:
    """Count the runs of a profile that have their executed notebook here, and those that have not.

    Args:
        results: Its records say which runs there are.

    Returns:
        Markdown: a table of the kinds of runs, and which of the profile's own trainings and tunings have none.
    """
    counts: dict[str, list[int]] = {}
    without = []
    for run, record in results.records.items():
        has_one = notebook_file(results.folder, run).is_file()
        kind = _NAMES[record.kind]
        group = "variations" if record.key.variation else "further draws" if record.key.draw else kind
        numbers = counts.setdefault(group, [0, 0])
        numbers[0] += 1
        numbers[1] += has_one
        if group in ("training", "fine-tuning") and not has_one:
            without.append(run)
    order = [name for name in (*_NAMES.values(), "further draws", "variations") if name in counts]
    rows = [(name, *map(str, counts[name])) for name in order]
    rows.append(("all", *(str(sum(numbers[k] for numbers in counts.values())) for k in range(2))))
    text = table((f"Runs of {results.profile}", "recorded", "with their notebook here"), rows, "lrr")
    if not any(numbers[1] for numbers in counts.values()):
        reason = "No run of this profile has a notebook: all went through the library directly."
    elif without:
        names = ", ".join(f"`{run}`" for run in without)
        reason = f"Of its own trainings and tunings {len(without)} have none: {names}."
    else:
        reason = "All of its own trainings and tunings have one."
    return Rendered(markdown=f"{text}\n\n{reason}")


def render_records(results: Results) -> Rendered:
    """List the runs of a profile that have no notebook here, folded, each with its machine and time.

    Args:
        results: Its records say it.

    Returns:
        HTML that needs no script; nothing if every run has its notebook.
    """
    hosts = list(results.records.values())
    lines = [
        f"<li><code>{html.escape(run)}</code>, {html.escape(name_machine(record, hosts))}"
        + ("" if record.seconds is None else f", {record.seconds:.0f} s")
        + "</li>"
        for run, record in sorted(results.records.items())
        if not notebook_file(results.folder, run).is_file()
    ]
    if not lines:
        return Rendered(markdown="")
    title = f"{len(lines)} runs of {results.profile} without a notebook"
    body = f'<details class="recon-run"><summary>{title}</summary><ul>{"".join(lines)}</ul></details>'
    return Rendered(html=_STYLE + body, markdown=f"{title}; their records are in `records.json`.")


def _order(path: Path) -> list[tuple[bool, int, str]]:
    """Sort 500 before 1000."""
    parts = path.stem.split("-")
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _kind(path: Path) -> str:
    prefix = path.stem.partition("-")[0]
    return prefix if prefix in HEADINGS else ""


def _run(path: Path) -> str:
    """Draw one notebook as HTML, folded."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells, seconds = notebook["cells"], notebook["metadata"].get("papermill", {}).get("duration")
        duration = f", {float(seconds):.0f} s" if seconds else ""
        title, body = "", []
        for cell in cells:
            source = join_lines(cell["source"])
            if cell["cell_type"] != "code":
                title = next((line.lstrip("# ") for line in source.splitlines() if line.startswith("#")), title)
                body.append(_markdown(source))
                continue
            outputs = "".join(_output(output, f"{title}: figure of the run {path.stem}") for output in cell["outputs"])
            body.append(f'<div class="recon-cell"><pre>{html.escape(source)}</pre>{outputs}</div>')
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReconError(f"{path} is not a readable notebook ({error!r}): collect the results again.") from error
    summary = f"<summary><code>{html.escape(path.stem)}</code>{duration}</summary>"
    return f'<details class="recon-run">{summary}{"".join(body)}</details>'


def _output(output: Mapping, alt: str) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        source = f"data:image/png;base64,{join_lines(data['image/png']).strip()}"
        return f'<img loading="lazy" decoding="async" src="{html.escape(source)}" alt="{html.escape(alt)}">'
    text = output.get("text", data.get("text/plain", ""))
    return f'<pre class="recon-output">{html.escape(join_lines(text))}</pre>'


def _markdown(source: str) -> str:
    """Draw Markdown: raw HTML is escaped, pictures of elsewhere are left out, and headings stay out of the outline."""
    tokens = _PARSER.parse(source)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = "p"
            token.attrs = {"class": "recon-title"} if token.nesting == 1 else {}
    return _PARSER.renderer.render(tokens, _PARSER.options, {})
