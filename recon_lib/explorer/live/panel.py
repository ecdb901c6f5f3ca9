"""The live explorer's controls: ipywidgets that redraw as they are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recon_lib.experiment.design import NAMES
from recon_lib.explorer.frames import method_name
from recon_lib.explorer.live.reconstruct import Choice, Explorer

if TYPE_CHECKING:
    from ipywidgets import Widget

ACCELERATIONS = (2.0, 3.0, 4.0, 6.0, 8.0)


def controls(explorer: Explorer) -> Widget:
    """Make the controls and the picture.

    Args:
        explorer: What reconstructs and draws.

    Returns:
        A box: ``children[0]`` holds contrast, slice, method, fine-tuning images and acceleration in this order,
        ``children[1]`` the picture as HTML. Numbers of images without a network are not offered.
    """
    import ipywidgets

    material, first = explorer.material, explorer.first()
    wide = {"style": {"description_width": "8em"}, "layout": {"width": "26em"}}
    contrast = ipywidgets.Dropdown(
        options=[(NAMES.get(name, name), name) for name in material.references],
        value=first.contrast, description="Contrast", **wide,
    )  # fmt: skip
    place = ipywidgets.Dropdown(description="Slice", **wide)
    method = ipywidgets.Dropdown(
        options=[(method_name(name), name) for name in material.methods()],
        value=first.method, description="Method", **wide,
    )  # fmt: skip
    tuned = ipywidgets.Dropdown(description="Tuned with", **wide)
    factor = ipywidgets.Dropdown(
        options=[(f"{value:g}", value) for value in sorted({*ACCELERATIONS, material.spec.acceleration})],
        value=first.acceleration, description="Acceleration", **wide,
    )  # fmt: skip
    picture = ipywidgets.HTML()
    settling = False  # one change sets others: they are drawn together
    preferred = first.n_finetune  # outlives a method that has no such number

    def offer() -> None:
        places = list(material.references[contrast.value])
        _offer(place, [(f"{subject}, slice {number}", (subject, number)) for subject, number in places], place.value)
        counts = material.counts(method.value, contrast.value)
        _offer(tuned, [(f"{count} images" if count else "nothing (as trained)", count) for count in counts], preferred)
        tuned.disabled = not counts

    def draw(_: object = None) -> None:
        nonlocal settling, preferred
        if settling:
            return
        preferred = tuned.value if tuned.options else preferred
        settling = True
        try:
            offer()
        finally:
            settling = False
        picture.value = "<p>Reconstructing ...</p>"
        chosen = Choice(contrast.value, place.value, method.value, tuned.value or 0, factor.value)
        picture.value = explorer.picture(chosen)

    offer()
    for control in (contrast, place, method, tuned, factor):
        control.observe(draw, "value")
    draw()
    return ipywidgets.VBox([ipywidgets.VBox([contrast, place, method, tuned, factor]), picture])


def _offer(control: Widget, options: list[tuple[str, object]], preferred: object) -> None:
    """Give a menu these options and the preferred value, or the first if that is not one of them."""
    values = [value for _, value in options]
    if list(control.options) != options:
        control.options = options
    if values:
        control.value = preferred if preferred in values else values[0]
