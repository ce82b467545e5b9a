"""Addresses of the newsletter."""

app_name = "newsletter"
urlpatterns: list = []
