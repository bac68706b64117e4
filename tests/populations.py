"""Small populations for tests: their files, and how they are followed."""

from __future__ import annotations

from opsonin.engine.signals import StopRequest
from opsonin.engine.sweep import offered, sweep
from opsonin.io.population import read_population
from opsonin.knowledge.library import load_library

DAY = 1440.0
COURSE = """\
duration = "56 d"
every = "1 d"
dose = [{ drug = "nivolumab", amount = "3 mg/kg", every = "14 d", until = "28 d" }]
[patient]
weight = "80 kg"
"""
VARIED = """\
[covariate.weight]
distribution = "lognormal"
median = "78 kg"
cv = 0.22

[parameter.nivolumab_clearance]
distribution = "lognormal"
cv = 0.35
power = { weight = 0.5 }

[parameter.nivolumab_central_volume]
distribution = "lognormal"
cv = 0.2

[[correlation]]
between = ["nivolumab_clearance", "nivolumab_central_volume"]
value = 0.6
"""
HEAD = 'course = "course.toml"\npatients = 6\nseed = 3\n'


def write(folder, text=HEAD + VARIED, course=COURSE):
    (folder / "course.toml").write_text(course)
    file = folder / "population.toml"
    file.write_text(text)
    return file


def asked(folder, text=HEAD + VARIED, course=COURSE):
    library = load_library()
    return read_population(write(folder, text, course), lambda found, whose: offered(found, library, whose))


def followed(folder, text=HEAD + VARIED, course=COURSE, **more):
    """The population as it was followed; its table is `out.parquet` of the folder."""
    folder.mkdir(exist_ok=True)
    stop = more.pop("stop", StopRequest())
    more = {"threads": 1, **more}
    return sweep(asked(folder, text, course), load_library(), folder / "out.parquet", stop=stop, **more)
