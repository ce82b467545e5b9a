"""What the content app adds to the admin: the works by kind."""

from wagtail import hooks

from content.desk import WorkGroup


@hooks.register("register_admin_viewset")
def register_work() -> WorkGroup:
    """Return the listings of the three kinds."""
    return WorkGroup()
