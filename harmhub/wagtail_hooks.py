"""What the kernel changes in Wagtail."""

from wagtail import hooks
from wagtail.rich_text.feature_registry import FeatureRegistry

from harmhub.rich_text import PublicDocumentLinkHandler, PublicPageLinkHandler


@hooks.register("register_rich_text_features", order=10)
def links_to_what_is_public(features: FeatureRegistry) -> None:
    """Put our handlers of links in the place of Wagtail's, which are registered before them."""
    features.register_link_type(PublicPageLinkHandler)
    features.register_link_type(PublicDocumentLinkHandler)
