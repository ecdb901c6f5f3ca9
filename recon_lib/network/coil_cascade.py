"""The cascade for several coils: complex corrections, and data consistency by conjugate gradients.

Complex arrays cross every border as two real channels, ``(..., 2)``: real part, imaginary part.
"""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from keras import layers, ops

from recon_lib.core.errors import ReconError, at_least
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.network.subnetworks import sub_networks

_SOLVED = 1e-12  # A residual of this share of the first one's energy is rounding: its direction would lead astray.
_TINY = 1e-30  # Added to divisors that may be zero; PyTorch gives ops.maximum(divisor, _TINY) in single precision.


@keras.saving.register_keras_serializable("recon_lib")
class CoilConsistency(layers.Layer):
    r"""Bring a complex image close to what all coils acquired, and keep it close to what it was.

    With ``E = M F S`` of :class:`~recon_lib.imaging.coils.CoilAcquisition`, the k-space ``y`` and the incoming image
    ``z`` it takes a fixed number of steps of conjugate gradients, from ``z``, towards

    .. math:: \arg\min_x \|E x - y\|^2 + \lambda \|x - z\|^2, \qquad
        (E^H E + \lambda) x = E^H y + \lambda z .

    Where all maps are zero no coil sees anything, and the image is zero, whatever comes in. Every step is
    differentiated through. With one coil of the map 1 the first step is exact and gives eq. 6-8 with the weight
    :math:`1/\lambda`: hard data consistency for ``lambda = 0``. Source: H. Aggarwal et al., IEEE Trans. Med. Imaging
    38:394-405, 2019, who put such a solver between networks.

    Args:
        weight: ``lambda >= 0``, finite.
        iterations: Steps, at least 1.

    Call arguments:
        image: ``z``, ``(batch, height, width, 2)``.
        zero_filled: ``E^H y``, of the same shape.
        mask: ``(batch, height, width)``, 1 where sampled, zero frequency in the centre.
        maps: Normalised, ``(batch, coils, height, width, 2)``.

    Output shape:
        ``(batch, height, width, 2)``.

    Raises:
        ReconError: ``weight`` is negative or not finite, or there is no iteration.
    """

    def __init__(self, weight: float = 0.02, iterations: int = 8, **kwargs: object) -> None:
        super().__init__(**kwargs)
        at_least(1, iterations=iterations)
        if not 0 <= weight < float("inf"):
            raise ReconError(f"The weight of data consistency with coils cannot be {weight}: it is 0 or more, finite.")
        self.weight, self.iterations = float(weight), iterations

    def call(self, image, zero_filled, mask, maps):  # noqa: ANN001, ANN201, D102 - tensors of any backend
        height, width = ops.shape(mask)[-2:]
        # This is ifftshift: the transforms below have their zero frequency in the corner. E^H E commutes with shifts
        # of the image apart from the maps, which stay where the image is.
        mask = ops.roll(mask, (-(height // 2), -(width // 2)), axis=(-2, -1))[:, None]
        maps = maps[..., 0], maps[..., 1]
        image = image[..., 0], image[..., 1]
        normal = _normal(image, mask, maps)
        residual = tuple(zero_filled[..., part] - normal[part] for part in (0, 1))
        direction, energy = residual, _energy(residual)
        first = energy
        for _ in range(self.iterations):
            step, change = self._step(direction, energy, first, mask, maps)
            image = _add(image, step, direction)
            residual = _add(residual, -step, change)
            energy, before = _energy(residual), energy
            direction = _add(residual, energy / _divisor(before, before > _SOLVED * first), direction)
        # Estimated maps end at the head, simulated ones nowhere: a network never learned what to put out beyond them.
        is_seen = ops.any(ops.logical_or(maps[0] != 0, maps[1] != 0), axis=1)
        return ops.where(is_seen[..., None], ops.stack(image, axis=-1), ops.zeros_like(zero_filled))

    def _step(self, direction, energy, first, mask, maps):  # noqa: ANN001, ANN202 - tensors of any backend
        """Return the length of a step, 0 where the problem is solved, and ``(E^H E + lambda)`` of its direction."""
        change = _add(_normal(direction, mask, maps), self.weight, direction)
        bend = sum(ops.sum(d * c, axis=(1, 2), keepdims=True) for d, c in zip(direction, change, strict=True))
        is_open = energy > _SOLVED * first
        step = energy / _divisor(bend, is_open)
        return ops.where(is_open, step, ops.zeros_like(step)), change

    def compute_output_shape(self, image_shape, *_shapes):  # noqa: ANN001, ANN002, ANN201, D102
        return image_shape

    def get_config(self) -> dict:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "weight": self.weight, "iterations": self.iterations}


@keras.saving.register_keras_serializable("recon_lib")
class CoilCascade(keras.Model):
    """Sub-networks that correct complex images, each followed by data consistency with coils (eq. 9).

    Args:
        architecture: The network's shape.
        seed: Decides the initial kernels; each sub-network gets its own.
        l2: Weight of the sum of squares of the kernels in the loss.
        precision: Keras' dtype policy of the hidden layers.

    Call arguments:
        inputs: ``(zero_filled, mask, maps)``, as for :class:`CoilConsistency`.

    Output shape:
        A dictionary: ``image`` after the last data consistency, and ``before_dc``, the last sub-network's own output,
        both ``(batch, height, width, 2)``.
    """

    def __init__(
        self,
        architecture: CoilArchitecture | None = None,
        seed: int = 0,
        l2: float = 0.0,
        precision: str = "float32",
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.architecture = architecture or CoilArchitecture()
        self.seed, self.l2, self.precision = seed, l2, precision
        self.subnetworks = sub_networks(self.architecture, seed, l2, precision)
        self.consistency = CoilConsistency(self.architecture.data_consistency, self.architecture.iterations)

    def call(self, inputs):  # noqa: ANN001, ANN201, D102 - tensors of any backend
        image, output = self.begin(*inputs), None
        for subnetwork in self.subnetworks:
            image, output = self.step(subnetwork, image, *inputs)
        return {"image": image, "before_dc": output}

    def begin(self, zero_filled, mask, maps):  # noqa: ANN001, ANN201 - tensors of any backend
        """Give what the first sub-network sees: regularised SENSE of the samples, or the zero-filled image (eq. 1).

        Args:
            zero_filled: As for :class:`CoilConsistency`, ``(batch, height, width, 2)``.
            mask: Likewise, ``(batch, height, width)``.
            maps: Likewise, ``(batch, coils, height, width, 2)``.

        Returns:
            ``(batch, height, width, 2)``.
        """
        if self.architecture.beginning == "zero_filled":
            return ops.convert_to_tensor(zero_filled)
        return self.consistency(ops.zeros_like(zero_filled), zero_filled, mask, maps)

    def step(self, subnetwork, image, zero_filled, mask, maps):  # noqa: ANN001, ANN201 - tensors of any backend
        """Take images through one sub-network and data consistency: one factor of eq. 9.

        Args:
            subnetwork: One of the cascade's, or another function that runs it, such as its ``predict_on_batch``.
            image: ``(batch, height, width, 2)``.
            zero_filled: As for :class:`CoilConsistency`.
            mask: Likewise.
            maps: Likewise.

        Returns:
            The image after data consistency and the sub-network's own output, both ``(batch, height, width, 2)``.
        """
        output = subnetwork(image)
        return self.consistency(output, zero_filled, mask, maps), output

    def get_config(self) -> dict:
        """Return the arguments that rebuild the model; inputs stay ``(batch, height, width, 2)`` of any size."""
        names = ("seed", "l2", "precision")
        return {"architecture": self.architecture.as_dict(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config: dict) -> CoilCascade:
        """Rebuild the model from :meth:`get_config`."""
        return cls(
            CoilArchitecture.from_dict(config["architecture"]), config["seed"], config["l2"], config["precision"]
        )


def build_coils(cascade: CoilCascade) -> CoilCascade:
    """Make a cascade ready, by running it once on a tiny ``(batch, height, width, 2)`` of one coil.

    Args:
        cascade: A network, built or not.

    Returns:
        The same network.
    """
    if not cascade.built:
        image = np.zeros((1, 8, 8, 2), np.float32)
        cascade((image, image[..., 0], image[:, None]))
    return cascade


def reweigh(cascade: CoilCascade, weight: float, iterations: int | None = None) -> CoilCascade:
    """Give a trained cascade another data consistency: the same kernels, ``(batch, height, width, 2)`` in and out.

    Args:
        cascade: A network, built.
        weight: ``lambda`` of :class:`CoilConsistency`.
        iterations: Of the conjugate gradients; by default as many as before.

    Returns:
        A new network.

    Raises:
        ReconError: As :class:`~recon_lib.experiment.coil_recipes.CoilArchitecture`.
    """
    iterations = cascade.architecture.iterations if iterations is None else iterations
    architecture = replace(cascade.architecture, data_consistency=weight, iterations=iterations)
    other = build_coils(CoilCascade(architecture, cascade.seed, cascade.l2, cascade.precision))
    other.set_weights(cascade.get_weights())
    return other


def _normal(image, mask, maps):  # noqa: ANN001, ANN202 - tensors of any backend
    """Apply ``E^H E`` to a pair of real and imaginary part, ``(batch, height, width)`` each."""
    real, imaginary = image[0][:, None], image[1][:, None]
    coils = maps[0] * real - maps[1] * imaginary, maps[0] * imaginary + maps[1] * real
    real, imaginary = ops.ifft2(tuple(part * mask for part in ops.fft2(coils)))
    combined = maps[0] * real + maps[1] * imaginary, maps[0] * imaginary - maps[1] * real
    return tuple(ops.sum(part, axis=1) for part in combined)


def _divisor(value, is_open):  # noqa: ANN001, ANN202 - tensors of any backend
    """Give 1 where the problem is solved: on JAX a quotient by nearly zero has no gradient, even an unused one."""
    return ops.where(is_open, value + _TINY, ops.ones_like(value))


def _add(image, factor, change):  # noqa: ANN001, ANN202 - tensors of any backend
    return tuple(a + factor * b for a, b in zip(image, change, strict=True))


def _energy(image):  # noqa: ANN001, ANN202 - tensors of any backend
    return sum(ops.sum(ops.square(part), axis=(1, 2), keepdims=True) for part in image)
