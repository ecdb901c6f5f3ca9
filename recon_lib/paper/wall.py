"""Images of one shape in rows and columns of one axes, whose unit is a pixel of theirs: drawn fast, set tight."""

from __future__ import annotations

import numpy as np

from recon_lib.core import style


class Wall:
    """A wall of images, each with its title above and a second image of the same shape right below.

    Attributes:
        figure: The figure, as wide as it was asked for.
        axes: Its only axes, besides bars of scales.

    Args:
        shape: Height and width of an image in pixels.
        rows: Of pairs of images.
        columns: Of pairs of images.
        width: Of the figure in inches.
    """

    def __init__(self, shape: tuple[int, int], rows: int, columns: int, width: float) -> None:
        self._height, self._width = shape
        self._gap, self._columns = 0.04 * self._width, columns
        self._names = 0.42 * self._width  # the margin with the names of rows
        unit = (width - 0.9) / (columns * (self._width + self._gap) + self._names)  # inches a pixel
        self._line = 0.16 / unit  # a line of text
        self._size = rows * (2 * self._height + self._gap + 1.4 * self._line) + 2 * self._line
        self.figure, axes = style.blank_figure((width, self._size * unit + 0.1), 1, 1)
        self.axes = axes[0][0]
        self.axes.set_anchor("N")
        self.axes.set_axis_off()
        self._limit()

    def hang(self, row: int, column: int, image: np.ndarray, title: str, scale: dict, below: bool = False) -> None:
        """Show an image in a place, under its title.

        Args:
            row: Of the pair.
            column: Of the pair.
            image: Of the wall's shape.
            title: Above it; empty for none.
            scale: How it is drawn.
            below: Whether it is the lower image of the pair.
        """
        left, top = self._corner(row, column, below)
        self.axes.imshow(image, extent=(left, left + self._width, top + self._height, top), **scale)
        self._title(left, top, title)
        self._limit()  # each image moves the limits to its own

    def hang_whole(self, row: int, column: int, image: np.ndarray, title: str, window: tuple[slice, slice]) -> None:
        """Show an image of another shape in the place of a pair, with the window marked that the others show.

        Args:
            row: Of the pair.
            column: Of the pair.
            image: In grey.
            title: Above it.
            window: Rows and columns of the image.
        """
        from matplotlib.patches import Rectangle

        left, top = self._corner(row, column, below=False)
        height, width = 2 * self._height + self._gap, self._width
        zoom = min(height / image.shape[0], width / image.shape[1])
        left += (width - zoom * image.shape[1]) / 2
        self.axes.imshow(
            image, extent=(left, left + zoom * image.shape[1], top + zoom * image.shape[0], top), **style.GREY
        )
        corner = (left + zoom * window[1].start, top + zoom * window[0].start)
        sides = (zoom * (window[1].stop - window[1].start), zoom * (window[0].stop - window[0].start))
        self.axes.add_patch(Rectangle(corner, *sides, fill=False, edgecolor=style.MARK, linewidth=1.0))
        self._title(self._corner(row, column, below=False)[0], top, title)
        self._limit()

    def leave(self, row: int, column: int, title: str, reason: str) -> None:
        """Leave the place of a pair empty, and state the reason.

        Args:
            row: Of the pair.
            column: Of the pair.
            title: Above it.
            reason: In its middle.
        """
        left, top = self._corner(row, column, below=False)
        self.frame(row, column, style.PALE, 0.5)
        middle = top + self._height + self._gap / 2
        self._write(left + self._width / 2, middle, reason, va="center", color=style.PLAIN)
        self._title(left, top, title)

    def name_row(self, row: int, name: str, below: str) -> None:
        """Write the names of a row of pairs at its left.

        Args:
            row: Of pairs.
            name: Of the upper images.
            below: Of the lower images.
        """
        for text, is_below in ((name, False), (below, True)):
            left, top = self._corner(row, 0, is_below)
            self._write(left - self._gap, top + self._height / 2, text, ha="right", va="center")

    def frame(self, row: int, column: int, colour: str, width: float = 2.0) -> None:
        """Draw a frame around a pair.

        Args:
            row: Of the pair.
            column: Of the pair.
            colour: Of the frame.
            width: Of its line in points.
        """
        from matplotlib.patches import Rectangle

        corner, height = self._corner(row, column, below=False), 2 * self._height + self._gap
        self.axes.add_patch(Rectangle(corner, self._width, height, fill=False, edgecolor=colour, linewidth=width))

    def bar(self) -> None:
        """Draw the bar of the error scale that the last image was drawn on."""
        style.error_bar(self.figure, self.axes.images[-1], [self.axes])

    def _corner(self, row: int, column: int, below: bool) -> tuple[float, float]:
        heads = self._line * (3.4 if row else 1.4)
        top = row * (2 * self._height + self._gap + 1.4 * self._line) + heads
        return column * (self._width + self._gap), top + (self._height + self._gap) * below

    def _title(self, left: float, top: float, title: str) -> None:
        self._write(left + self._width / 2, top - 0.15 * self._line, title, va="bottom")

    def _write(self, x: float, y: float, text: str, ha: str = "center", **options: str) -> None:
        if text:
            self.axes.text(x, y, text, ha=ha, fontsize=style.TEXT, linespacing=1.1, **options)

    def _limit(self) -> None:
        right = self._columns * (self._width + self._gap)
        self.axes.set(xlim=(-self._names, right), ylim=(self._size, 0), aspect="equal")
