"""What the ids of the table of evidence stand for: each cited one is told, as the table has it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from opsonin.cli.main import main
from opsonin.knowledge.evidence import CITED, evidence, meaning, publications, spelled_out

ROOT = Path(__file__).parents[2]
KINDS = {".py", ".toml", ".md", ".rst", ".j2"}
_DOI = re.compile(r"10\.\d{4,9}/\S+")


def cited() -> set[str]:
    files = [
        file for folder in ("src", "docs") for file in (ROOT / folder).rglob("*") if file.suffix in KINDS
    ]
    return {found for file in files for found in CITED.findall(file.read_text(encoding="utf-8"))}


def test_every_cited_id_is_told_and_no_other() -> None:
    assert set(evidence()) == cited()


def test_an_id_is_followed_by_its_publication_and_how_it_is_known() -> None:
    assert meaning("evidence:C029").startswith("Weigelin B et al, Nat Commun 2021")
    assert "doi:10.1038/s41467-021-25282-3" in meaning("evidence:C029")
    assert meaning("evidence:B060").endswith("doi:10.1080/2162402X.2018.1466018")
    assert meaning("evidence:C092").endswith("recalled, not read again")
    assert meaning("evidence:C010").endswith("as another model adopted it")
    assert meaning("doi:10.1/x") == meaning("evidence:Z999") == ""
    assert spelled_out("a (evidence:C061), b") == "a (evidence:C061 (McKeown 2014)), b"


def test_a_publication_cited_by_its_doi_has_a_title_and_a_year() -> None:
    known = 'Lopez CF et al, "Programming biological models in Python using PySB", Mol Syst Biol 2013;9:646'
    assert meaning("doi:10.1038/msb.2013.1") == known
    assert spelled_out("doi:10.1038/msb.2013.1; b") == f"doi:10.1038/msb.2013.1 ({known}); b"
    assert spelled_out("doi:10.1038/msb.2013.12") == "doi:10.1038/msb.2013.12"
    texts = [
        file.read_text(encoding="utf-8")
        for file in (ROOT / "src/opsonin/knowledge/library").rglob("*/*.toml")
    ]
    assert all(any(f'"{reference}"' in text for text in texts) for reference in publications())


def test_the_command_that_shows_a_number_tells_the_publication(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "show", "nivolumab"]) == 0
    assert "evidence:D009 (Centanni M et al, Clin Pharmacokinet 2019;58:835)" in capsys.readouterr().out


def test_what_is_told_is_what_the_table_says(shared_data: Path) -> None:
    file = shared_data.parent / "evidence" / "evidence_open.csv"
    if not file.is_file():
        pytest.skip("the shared table of evidence is not there")
    with file.open(newline="", encoding="utf-8") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    for identity, told in evidence().items():
        row = rows[identity]
        assert told.citation == row["source"], identity
        assert told.doi in f"{row['source']} {row['seen_in']}", identity
        assert bool(told.doi) >= bool(_DOI.search(row["source"])), identity
        assert (told.read == "memory") == (row["seen_in"] == "memory"), identity
        assert (told.read == "model") == row["seen_in"].startswith("github:"), identity
