"""Addresses of what is no page of the tree."""

from django.urls import path

from content import views

urlpatterns = [path("search/", views.search, name="search")]
