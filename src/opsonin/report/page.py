"""Pages from templates: one self-contained file each, whose only script is named by its digest, written at once.

What a page shows is gathered elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from opsonin.report import palette, words
from opsonin.store.commit import write_atomic


def rendered(template: str, contents: Mapping[str, Any], script: str) -> str:
    """The page as text.

    Args:
        template: file in `templates`; contents: what it shows.
        script: file in `templates`, the only script that the page's own policy lets run.
    """
    import jinja2

    pages = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    pages.globals |= {
        "number": words.number,
        "light": list(enumerate(palette.ARMS_LIGHT)),
        "dark": list(enumerate(palette.ARMS_DARK)),
    }
    pages.filters["typeset"] = words.typeset
    code = _source(script).strip()
    trusted = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode("ascii")
    page = pages.get_template(template).render(contents, script=code, trusted=f"sha256-{trusted}")
    return page + "\n"


def embedded_json(content: Any) -> str:
    """JSON that cannot end the script element which holds it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def replace_file(target: Path, content: bytes, again: str) -> Path:
    """Put `content` in the place of `target` at once, or leave what is there.

    Args:
        again: the command that writes it to a file of one's choice.
    Raises:
        HostError: the file cannot be written.
    """
    write_atomic(target, content, kept=f"`{again}` writes it elsewhere.", locked=False)
    return target


def _source(name: str) -> str:
    return resources.files("opsonin.report").joinpath("templates", name).read_text(encoding="utf-8")
