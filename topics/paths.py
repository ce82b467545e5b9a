"""Where pages lie in the tree, as their paths tell."""

from collections.abc import Mapping

from wagtail.models import Page


def steps_to(path: str) -> list[str]:
    """Return the paths of the pages that one leads down from, and itself, from the top."""
    return [path[:end] for end in range(Page.steplen, len(path) + 1, Page.steplen)]


def labels_of(titles: Mapping[str, str]) -> dict[str, str]:
    """Return labels that say where pages lie ("Health › Harm Reduction"), by their paths.

    titles: those of the pages, by their paths. Pages above that are not among them are left out.
    """
    return {path: " › ".join(titles[step] for step in steps_to(path) if step in titles) for path in titles}
