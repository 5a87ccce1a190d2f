"""A form, and what it answers."""

from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST


@require_GET
def index(request):
    """Ask for a name."""
    return render(request, "pages/index.html")


@require_POST
def hello(request):
    """Greet whoever filled in the form."""
    return render(request, "pages/index.html", {"name": request.POST.get("name", "")})
