"""Files in private collections (a password, a login, a group): no public page shows them or links to them."""

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef
from wagtail.models import Collection, CollectionViewRestriction

from harmhub.models import CustomRendition


def is_private(path: str = "collection__path") -> Exists:
    """Return the condition that a collection, or one that it lies in, is private.

    path: the way to its path from the rows that are asked, such as ``image__collection__path``.
    """
    asked = ExpressionWrapper(OuterRef(path), output_field=CharField())
    restrictions = CollectionViewRestriction.objects.annotate(asked=asked)
    return Exists(restrictions.filter(asked__startswith=F("collection__path")))


def private_collections() -> frozenset[int]:
    """Return the numbers of all private collections, in one query."""
    return frozenset(Collection.objects.filter(is_private("path")).values_list("pk", flat=True))


def withdraw_pictures() -> int:
    """Delete what the public folder holds of pictures that became private; return how many files that were.

    They are made again where somebody who may see the picture looks at it, under the same unguessable names.
    """
    return CustomRendition.objects.filter(is_private("image__collection__path")).delete()[0]
