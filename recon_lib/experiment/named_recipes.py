"""The recipes of tuning that a user may name, and the ingredients that may be added to any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import yaml

from recon_lib.core.errors import ReconError, choose, quote
from recon_lib.core.strict_yaml import override
from recon_lib.experiment.augmentation import Augmentation
from recon_lib.experiment.grid import FineTuning
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.results.keys import RunKey

PAPER = "paper"
"""As a network's profile tunes it for the tables of the paper; the paper's own recipe where the profile is unknown."""
FEW_IMAGES = "few-images"
"""For a few images: that variation of :data:`SOURCE`, the one that the book's page beyond the paper tests."""
START = "residual-4000"
"""The variation of :data:`SOURCE` that trains the network which the recipe for few images starts from."""
RECIPES = (PAPER, FEW_IMAGES)
"""The names of all recipes."""
DEFAULT = FEW_IMAGES
"""What is taken where nobody says otherwise: by ``recon finetune``, the quick start and the notebook of own scans."""
REASONS = {
    PAPER: "how the network's profile tunes it for the tables of the paper",
    FEW_IMAGES: "with five images it gave more than the paper's with fifty, on the book's page beyond the paper",
}
"""Why a user may want each recipe, in words that a command prints behind its name."""
NETWORKS = {PAPER: "natural-4000", FEW_IMAGES: f"natural-4000-{START}"}
"""The released network that each recipe starts from where nobody names one."""
SOURCE = "desk"
"""The profile whose variation states the recipe, so that a user's is the one that was measured."""

_CHANGES = tuple(item.name for item in fields(Augmentation))
_ADDED = ("average", "scale_shift", "pull", "held_kspace")
INGREDIENTS = tuple(sorted(name.replace("_", "-") for name in (*_CHANGES, *_ADDED)))
"""What may be added to a recipe: fields of an augmentation and of a recipe, as a command writes them."""


def find_recipe(name: str, profile: str | None) -> FineTuning:
    """Return the recipe that a user names.

    Args:
        name: One of :data:`RECIPES`.
        profile: That of the network to tune, as its card has it.

    Raises:
        ReconError: There is no such recipe (the nearest is suggested).
    """
    from recon_lib.experiment.profile import load_profile, profile_names  # NumPy waits until a recipe is asked for.

    choose("recipe", name, RECIPES)
    if name != PAPER:
        return load_profile(SOURCE).varied(name).fine_tuning
    return load_profile(profile).fine_tuning if profile in profile_names() else FineTuning()


def announce(name: str) -> str:
    """Say which recipe tunes, why, and how to have the other.

    Args:
        name: One of :data:`RECIPES`.
    """
    (other,) = (recipe for recipe in RECIPES if recipe != name)
    return f"recipe {name}: {REASONS[name]}; --recipe {other} takes the other"


def is_of_recipe(key: RunKey) -> bool:
    """Tell whether a network was tuned by the recipe for few images, or is the one that it starts from.

    Args:
        key: What the network's run is named by.
    """
    return key.variation == FEW_IMAGES or (key.variation == START and key.n_finetune is None)


def add_ingredients(recipe: TuningRecipe, texts: Sequence[str]) -> TuningRecipe:
    """Add ingredients to a recipe.

    Args:
        recipe: How a network is tuned.
        texts: ``mirrors``, ``shift=8``, ``accelerations=2,3,6``, ...; names as in :data:`INGREDIENTS`.

    Returns:
        The recipe with them; what it had of the same name is replaced.

    Raises:
        ReconError: An ingredient is unknown (the nearest is suggested), its value is missing or impossible, or it
            cannot go with another.
    """
    changes: dict = {}
    for text in texts:
        name, _, value = text.partition("=")
        choose("ingredient", name, INGREDIENTS)
        name = name.replace("-", "_")
        place = changes.setdefault("augmentation", {}) if name in _CHANGES else changes
        place[name] = _value(name, value)
    return override(recipe, changes, "the ingredients")


def _value(name: str, text: str) -> object:
    if not text and name in ("mirrors", "scale_shift"):
        return True
    if not text:
        title = name.replace("_", "-")
        raise ReconError(f"The ingredient {title} needs a value: write {title}=VALUE.")
    try:
        value = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError as error:
        raise ReconError(f"The ingredient {name} has a value that cannot be read: {quote(text)}.") from error
    return value if name == "accelerations" else value[0] if len(value) == 1 else text
