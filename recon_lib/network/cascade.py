"""The cascade of sub-networks and data-consistency layers, in Keras 3 on any of its backends.

Complex images cross every border as two real channels, ``(..., 2)``: real part, imaginary part.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import Architecture
from recon_lib.network.subnetworks import Convolution, sub_networks

_TINY = 1e-12  # Below this the modulus is cut off: it has no gradient at zero.


@keras.saving.register_keras_serializable("recon_lib")
class DataConsistency(layers.Layer):
    r"""Bring an image back to what was acquired (eq. 6-8).

    In k-space, at a sampled point ``k`` and with ``C`` the incoming image,

    .. math:: \hat{x}(k) = \frac{F\{C\}(k) + \lambda y_u(k)}{1 + \lambda},

    and ``F{C}(k)`` elsewhere. With ``c = lambda / (1 + lambda)`` (1 for infinite lambda) and the
    zero-filled image ``x_u = F^-1 y_u`` this is ``C + c (x_u - F^-1 M F C)``: one transform each way,
    and, because ``F^-1 M F`` is a circular convolution, the image needs no shift to the centre.

    Args:
        weight: ``lambda >= 0``; ``inf`` replaces the sample.

    Call arguments:
        image: ``(batch, height, width, 2)``, or ``(..., 1)`` for a real image.
        zero_filled: ``(batch, height, width, 2)``, the acquired k-space's zero-filled image.
        mask: ``(batch, height, width)``, 1 where sampled, zero frequency in the centre.

    Output shape:
        ``(batch, height, width, 2)``.

    Raises:
        ReconError: ``weight`` is negative or not a number.
    """

    def __init__(self, weight: float = float("inf"), **kwargs: object) -> None:
        super().__init__(**kwargs)
        if not weight >= 0:
            raise ReconError(f"The weight of data consistency cannot be {weight}: it is 0 or more, or inf.")
        self.weight = float(weight)

    def call(self, image, zero_filled, mask):  # noqa: ANN001, ANN201, D102 - tensors of any backend
        height, width = ops.shape(mask)[-2:]
        # This is ifftshift: the transform below has its zero frequency in the corner.
        mask = ops.roll(mask, (-(height // 2), -(width // 2)), axis=(-2, -1))
        real = image[..., 0]
        imaginary = image[..., 1] if image.shape[-1] == 2 else ops.zeros_like(real)
        spectrum = ops.fft2((real, imaginary))
        sampled = ops.ifft2(tuple(part * mask for part in spectrum))
        blend = self.weight / (1 + self.weight) if np.isfinite(self.weight) else 1.0
        correction = zero_filled - ops.stack(sampled, axis=-1)
        return ops.stack((real, imaginary), axis=-1) + blend * correction

    def compute_output_shape(self, image_shape, zero_filled_shape=None, mask_shape=None):  # noqa: ANN001, ANN201, D102
        return (*image_shape[:-1], 2)

    def get_config(self) -> dict:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "weight": self.weight}


@keras.saving.register_keras_serializable("recon_lib")
class Cascade(keras.Model):
    """Sub-networks in series, each followed by data consistency (eq. 9).

    Args:
        architecture: The network's shape.
        seed: Decides the initial kernels; each sub-network gets its own.
        l2: Weight of the sum of squares of the kernels in the loss.
        precision: Keras' dtype policy of the hidden layers.

    Call arguments:
        inputs: ``(zero_filled, mask)`` with shapes ``(batch, height, width, 2)`` and ``(batch, height, width)``; or
            ``(zero_filled, mask, phase)``, the last one of the first one's shape, as for :meth:`step`.

    Output shape:
        A dictionary: ``image``, ``(batch, height, width, 2)``, after the last data consistency; and
        ``before_dc``, ``(batch, height, width, 1)``, the last sub-network's own output.
    """

    convolution = Convolution  # The class of the sub-networks' layers.

    def __init__(
        self,
        architecture: Architecture | None = None,
        seed: int = 0,
        l2: float = 0.0,
        precision: str = "float32",
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.architecture = architecture or Architecture()
        self.seed, self.l2, self.precision = seed, l2, precision
        self.subnetworks = sub_networks(self.architecture, seed, l2, precision, self.convolution)
        self.consistency = DataConsistency(self.architecture.data_consistency)

    def call(self, inputs):  # noqa: ANN001, ANN201, D102 - tensors of any backend
        zero_filled, mask, *phase = inputs
        image, output = zero_filled, None
        for subnetwork in self.subnetworks:
            image, output = self.step(subnetwork, image, zero_filled, mask, *phase)
        return {"image": image, "before_dc": output}

    def step(self, subnetwork, image, zero_filled, mask, phase=None):  # noqa: ANN001, ANN201 - tensors of any backend
        r"""Take images through one sub-network and data consistency: one factor of eq. 9.

        Where the phase ``p`` of the images is known, the sub-network sees :math:`p^* x` and data consistency
        :math:`p\,C(p^* x)`: the samples belong to the image with its phase. A network whose ``architecture.phase`` is
        ``"kept"`` needs none: its output takes the phase of what it sees, which is 0 where that is zero.

        Args:
            subnetwork: One of the cascade's, or another function that runs it, such as its ``predict_on_batch``.
            image: ``(batch, height, width, 2)``.
            zero_filled: As for the cascade, of the same shape.
            mask: As for the cascade, ``(batch, height, width)``.
            phase: Complex numbers of modulus 1, of the image's shape.

        Returns:
            The image after data consistency, ``(batch, height, width, 2)``, and the sub-network's own output before
            it, ``(batch, height, width, 1)``.
        """
        keeps = self.architecture.phase == "kept"
        output = subnetwork(image if phase is None or keeps else _without_phase(image, phase))
        if keeps:
            phase = _phase(image)
        proposal = output if phase is None else ops.multiply(output, phase)
        return self.consistency(proposal, zero_filled, mask), output

    def get_config(self) -> dict:
        """Return the arguments that rebuild the model."""
        names = ("seed", "l2", "precision")
        return {"architecture": self.architecture.as_dict(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config: dict) -> Cascade:
        """Rebuild the model from :meth:`get_config`."""
        return cls(Architecture.from_dict(config["architecture"]), config["seed"], config["l2"], config["precision"])


def _phase(image):  # noqa: ANN001, ANN202 - tensors of any backend
    """Divide complex numbers by their moduli; those that are zero have the phase 0."""
    modulus = ops.sqrt(ops.maximum(ops.sum(ops.square(image), axis=-1, keepdims=True), _TINY))
    return ops.where(modulus > _TINY**0.5, ops.divide(image, modulus), np.array([1, 0], np.float32))


def _without_phase(image, phase):  # noqa: ANN001, ANN202 - tensors of any backend
    """Multiply complex numbers by the conjugates of others."""
    real = ops.sum(ops.multiply(image, phase), axis=-1)
    imaginary = ops.multiply(image[..., 1], phase[..., 0]) - ops.multiply(image[..., 0], phase[..., 1])
    return ops.stack((real, imaginary), axis=-1)


def build(cascade: Cascade) -> Cascade:
    """Make a cascade's weights, by running it once on a tiny image.

    Args:
        cascade: A network, built or not.

    Returns:
        The same network.
    """
    if not cascade.built:
        cascade((np.zeros((1, 8, 8, 2), np.float32), np.zeros((1, 8, 8), np.float32)))
    return cascade


def with_precision(cascade: Cascade, precision: str) -> Cascade:
    """Return the same network, its hidden layers computing in another precision.

    Args:
        cascade: A network that has been built.
        precision: Keras' dtype policy of the hidden layers.

    Returns:
        A copy with the same weights; the network itself if it computes so already.
    """
    return cascade if cascade.precision == precision else copy_cascade(cascade, precision)


def copy_cascade(cascade: Cascade, precision: str | None = None) -> Cascade:
    """Return a network with the same weights, which may be changed without changing the other.

    Args:
        cascade: A network that has been built.
        precision: Keras' dtype policy of the copy's hidden layers; by default the network's own.
    """
    copy = build(Cascade(cascade.architecture, cascade.seed, cascade.l2, precision or cascade.precision))
    set_weights(copy, named_weights(cascade))
    return copy


def named_weights(cascade: Cascade) -> dict[str, np.ndarray]:
    """Return every weight under a stable name, ``subnetwork_0/conv_0/kernel``.

    Args:
        cascade: A network that has been built.

    Returns:
        float32 arrays.
    """
    return {
        f"{subnetwork.name}/{layer.name}/{variable.name}": ops.convert_to_numpy(variable)
        for subnetwork in cascade.subnetworks
        for layer in subnetwork.layers
        for variable in layer.variables
    }


def set_weights(cascade: Cascade, arrays: dict[str, np.ndarray]) -> None:
    """Put named weights into a network.

    Args:
        cascade: A network that has been built.
        arrays: As :func:`named_weights` gives them, of any float type.
    """
    for subnetwork in cascade.subnetworks:
        for layer in subnetwork.layers:
            for variable in layer.variables:
                name = f"{subnetwork.name}/{layer.name}/{variable.name}"
                variable.assign(arrays[name].astype(np.float32))
