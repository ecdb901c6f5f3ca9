"""A pull of weights towards those of the network that is tuned."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops


class Pull:
    r"""The proximal step of :math:`\frac{p}{2} \Vert w - w_0 \Vert^2` after each update at the rate ``r``.

    .. math:: w \leftarrow w_0 + \frac{w - w_0}{1 + r p}.

    It is apart from the gradient, because Adam divides that by its own size: a penalty in the loss could not hold the
    weights however large it is, and this one leaves them exactly as they were for infinite ``p``. To start from the
    penalty of a distance to the trained weights: Li, Grandvalet and Davoine, ICML 2018 (arXiv 1802.01483), who
    recommend it for transfer. To take it as a proximal step beside Adam is ours.

    Args:
        variables: The weights, as they are before the first update.
        strength: ``p``, 0 or more; ``inf`` leaves the weights as they are.
    """

    def __init__(self, variables: Sequence[keras.Variable], strength: float) -> None:
        self._variables = list(variables)
        self._start = [ops.convert_to_numpy(variable).copy() for variable in self._variables]
        self._strength = strength

    def apply(self, rate: float) -> None:
        """Take the step after an update.

        Args:
            rate: Of that update.
        """
        share = 1 / (1 + rate * self._strength) if rate else 1.0
        for variable, start in zip(self._variables, self._start, strict=True):
            moved = ops.convert_to_numpy(variable) - start
            variable.assign((start + share * moved).astype(np.float32))
