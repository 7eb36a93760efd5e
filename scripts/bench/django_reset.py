"""Django's way: models as `inspectdb` makes them of the database, then `sqlsequencereset`, whose statements are printed.

usage: django_reset.py DIRECTORY  (of the app that is made; the PG* variables say where the database is)
"""

import os
import pathlib
import sys

import django
from django.conf import settings
from django.core.management import call_command

app = pathlib.Path(sys.argv[1], "shop")
app.mkdir(parents=True, exist_ok=True)
(app / "__init__.py").touch()
(app / "models.py").write_text("")
sys.path.insert(0, sys.argv[1])
settings.configure(
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": os.environ["PGUSER"],
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
        }
    },
)
# The models are written before the app that holds them is loaded.
django.setup()
with open(app / "models.py", "w") as models:
    call_command("inspectdb", stdout=models)
django.apps.apps.set_installed_apps(["shop"])
call_command("sqlsequencereset", "shop", no_color=True, verbosity=0)
