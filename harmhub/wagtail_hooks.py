"""What the kernel changes in Wagtail."""

from wagtail import hooks
from wagtail.rich_text.feature_registry import FeatureRegistry

from harmhub.rich_text import PublicPageLinkHandler


@hooks.register("register_rich_text_features", order=10)
def links_to_public_pages(features: FeatureRegistry) -> None:
    """Put our handler of page links in the place of Wagtail's, which is registered before it."""
    features.register_link_type(PublicPageLinkHandler)
