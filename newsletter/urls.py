"""Addresses of the newsletter. Secrets ride in the query: logs hold paths."""

from django.urls import path

from newsletter import views

app_name = "newsletter"
urlpatterns = [
    path("", views.sign_up, name="sign_up"),
    path("confirm/", views.confirm, name="confirm"),
    path("leave/", views.leave, name="leave"),
    path("one-click/", views.one_click, name="one_click"),
]
