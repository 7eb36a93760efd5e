"""Django's way: models as `inspectdb` makes them of the database, then `sqlsequencereset`, which prints statements.

usage: django_reset.py DIRECTORY  (of the app that is made; the PG* variables say where the database is)
"""

import io
import os
import pathlib
import re
import sys

import django
from django.conf import settings
from django.core.management import call_command

app = pathlib.Path(sys.argv[1], "shop")
app.mkdir(parents=True, exist_ok=True)
(app / "__init__.py").touch()
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
models = io.StringIO()
call_command("inspectdb", stdout=models)
# Its comments say what it could not read.
for comment in re.findall("# Unable to inspect.*", models.getvalue()):
    print(comment, file=sys.stderr)
# As whoever takes it over has to do by hand: Django allows an AutoField only as the primary key.
text = re.sub(r"(\w*?)AutoField\((?!.*primary_key=True)", r"\1IntegerField(", models.getvalue())
(app / "models.py").write_text(text)
django.apps.apps.set_installed_apps(["shop"])
call_command("sqlsequencereset", "shop", no_color=True, verbosity=0)
