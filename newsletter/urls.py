"""Addresses of the newsletter. Secrets ride in the query: logs hold paths."""

from django.urls import path

from newsletter import views

app_name = "newsletter"
urlpatterns = [
    path("", views.sign_up, name="sign_up"),
    path("confirm/", views.confirm, name="confirm"),
    path("leave/", views.leave, name="leave"),
    path("one-click/", views.one_click, name="one_click"),
    path("link/", views.ask_for_link, name="ask_for_link"),
    path("manage/", views.manage, name="manage"),
    path("manage/leave/", views.leave_all, name="leave_all"),
    path("manage/erase/", views.erase, name="erase"),
    path("manage/export/", views.export, name="export"),
    path("manage/address/", views.move, name="move"),
    path("agree/", views.agree, name="agree"),
]
