"""Addresses of the contact box."""

from django.urls import path

from contact import views

app_name = "contact"
urlpatterns = [path("<int:pk>/", views.send, name="send")]
