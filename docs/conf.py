"""How the documentation is built: `make docs`, into build/docs. Nothing is loaded from a network, then or when read."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import opsonin

project = "opsonin"
author = "The opsonin developers"
project_copyright = author
version = release = opsonin.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "generated",
]
exclude_patterns = ["_ext", "tutorials", "sg_execution_times.rst", "auto_tutorials/sg_execution_times.rst"]
root_doc = "index"

html_theme = "furo"
html_title = "opsonin"
html_static_path = ["_static"]
html_css_files = ["opsonin.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False

myst_heading_anchors = 3
copybutton_prompt_text = ">>> "
copybutton_exclude = ".linenos, .gp, .go"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source"]
default_role = "code"
nitpicky = True
# Names of other packages and of types that no page is about: there is nothing to link to.
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|np|pandas|xarray|anndata|matplotlib|pathlib|collections|typing|pydantic)(\..*)?"),
    (
        r"py:.*",
        r"(Axes|DataFrame|Dataset|AnnData|Path|Mapping|Sequence|Iterator|Any|Self|BaseModel|Exception)",
    ),
    (
        r"py:.*",
        r"(Columns|Array|Time|Ensemble|Gathered|Listener|Library|Biopsy|Thickness|LabelMap|Difference|Entry|Table|Fault)",
    ),
    (r"py:.*", r"opsonin\.(model|io|store|core|knowledge|engine|report)\..*"),
    (r"py:.*", r"(optional|shape)"),
]

sphinx_gallery_conf = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "auto_tutorials",
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 10_000,
    "abort_on_example_error": True,
    "run_stale_examples": True,  # the code that it runs may have changed though its text has not
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib\.|list|tuple|int",
}


def setup(app: Any) -> None:
    """The first sentence of a property or of Returns may hold a colon; napoleon would take it for the end of a type."""

    def told(_app: Any, what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
        firsts = [0] if what == "property" and lines else []
        firsts += [index + 1 for index, line in enumerate(lines[:-1]) if line.strip() == "Returns:"]
        for index in firsts:
            lines[index] = lines[index].replace(": ", "; ", 1)

    app.connect("autodoc-process-docstring", told, priority=100)


# matplotlib's figures of the tutorial are shown by the page, not by a window.
warnings.filterwarnings("ignore", message=".*FigureCanvasAgg is non-interactive.*")
