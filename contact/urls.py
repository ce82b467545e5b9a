"""Addresses of the contact box, and of what becomes of a message. No secret is in any of them."""

from django.urls import path

from contact import look_up, views

app_name = "contact"
urlpatterns = [
    path("<int:pk>/", views.send, name="send"),
    path("look-up/", look_up.look_up, name="look_up"),
    path("look-up/write/", look_up.write, name="write"),
    path("look-up/delete/", look_up.delete, name="delete"),
]
