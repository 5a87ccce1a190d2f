"""Which view answers at which address."""

from django.urls import path
from pages import views

urlpatterns = [
    path("", views.index, name="index"),
    path("hello/", views.hello, name="hello"),
]
