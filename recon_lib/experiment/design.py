"""The design of the paper's experiment: networks compared, contrasts tested, numbers of tuning images, names."""

from __future__ import annotations

DOMAINS = ("t1", "t2")  # the contrasts that the paper tests; a profile can test others
NAMES = {"natural": "natural images", "t1": "T1", "t2": "T2", "t1_bold5000": "T1 (BOLD5000)", "": ""}
UNSEEN = "t1_bold5000"  # a scanner that no profile of the paper's experiment trains or tests on
NETWORKS = ("natural", "t1", "t2")  # the domains of the three networks compared
TUNED = 20  # images of the test contrast, Tables 1 and 2
REFERENCE = 50  # and of the last rows of Tables 3 and 4, those of the test contrast's own network


def domain_name(domain: str) -> str:
    """Name a domain for a reader.

    Args:
        domain: As in the columns ``training_domain`` and ``test_domain``.

    Returns:
        Its name in :data:`NAMES`; a domain that has none there is called what it is called in the profile.
    """
    return NAMES.get(domain, domain)
