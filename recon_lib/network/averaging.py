"""The mean of the weights after the last updates, instead of the last weights alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops


class Average:
    r"""The mean :math:`\bar w = \frac{1}{n} \sum_k w_k` of weights over the last ``n`` of all updates.

    Source: Izmailov et al., Uncertainty in Artificial Intelligence 2018 (arXiv 1803.05407), who average once an epoch
    at a constant or cyclic rate and find wider optima, which generalise better. To average after every update is ours.

    Args:
        variables: The weights, which updates change.
        updates: All of them.
        share: The part of the updates, the last ones, that is averaged; at least one is.

    Attributes:
        count: The updates that the mean is taken over so far.
    """

    def __init__(self, variables: Sequence[keras.Variable], updates: int, share: float) -> None:
        self._variables = list(variables)
        self._first = updates - max(1, round(share * updates))
        self._sums = [np.zeros(variable.shape, np.float64) for variable in self._variables]
        self._updates = 0
        self.count = 0

    def add(self) -> None:
        """Count an update that has been made, and add the weights as they are if it is one of the last."""
        self._updates += 1
        if self._updates > self._first:
            self.count += 1
            values = map(ops.convert_to_numpy, self._variables)
            self._sums = [total + value for total, value in zip(self._sums, values, strict=True)]

    def install(self) -> None:
        """Put the mean into the network; before the first of the last updates nothing happens."""
        if not self.count:
            return
        for total, variable in zip(self._sums, self._variables, strict=True):
            variable.assign((total / self.count).astype(np.float32))

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let the network have the mean for a while, and then again the weights that updates go on from."""
        weights = [ops.convert_to_numpy(variable) for variable in self._variables]
        self.install()
        try:
            yield
        finally:
            for variable, value in zip(self._variables, weights, strict=True):
                variable.assign(value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what :meth:`restore` needs to go on after a stop."""
        return {f"average/{index:03d}": total for index, total in enumerate(self._sums)}

    def restore(self, arrays: Mapping[str, np.ndarray], updates: int) -> None:
        """Go on from what :meth:`arrays` gave.

        Args:
            arrays: Those and others.
            updates: How many had been made.
        """
        self._updates, self.count = updates, max(0, updates - self._first)
        self._sums = [arrays[name] for name in self.arrays()]
