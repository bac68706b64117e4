"""A population of patients as a file holds it: what varies between them and how, what is measured of each.

Shapes and single values; units and what is in the patient's model are checked in `io/population.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from opsonin.model.dosing import Body
from opsonin.model.scenario import Quantity
from opsonin.model.sourced import Entry

MOST_PATIENTS = 1_000_000
BODY: dict[str, tuple[str, float, float]] = {"weight": ("kg", 1.0, 400.0), "height": ("cm", 30.0, 250.0)}
"""Covariates that doses are measured by: unit, least and most, as in `Body`."""
assert set(BODY) < set(Body.model_fields)

Written = Annotated[float, Field(allow_inf_nan=False)] | str
"""A number, or a text with its unit."""
Range = Annotated[tuple[Written, ...], Field(min_length=2, max_length=2)]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]

_NEEDS = {  # distribution: keys it needs, and those it may have
    "fixed": (("value",), ()),
    "normal": ((), ("mean", "sd", "cv", "least", "most")),
    "lognormal": ((), ("median", "cv", "range", "least", "most")),
    "uniform": (("range",), ()),
    "loguniform": (("range",), ()),
}


_KEYS = ("value", "median", "mean", "sd", "cv", "range", "least", "most")


class Distribution(Entry):
    """How one number varies between patients.

    Attributes:
        distribution: "lognormal", "normal", "uniform", "loguniform" or "fixed".
        value: of a fixed one.
        median: of a lognormal one; left out, as the patient's model has it.
        mean: of a normal one; left out, as the patient's model has it.
        sd: standard deviation of a normal one.
        cv: standard deviation over mean; of a lognormal one the geometric one, sqrt(exp(s^2) - 1) with s that of
            the logarithm.
        range: least and greatest of a uniform or loguniform one; of a lognormal one, what holds 95 % of patients.
        least, most: what lies beyond is not drawn.
        power: exponents by covariate: the number is multiplied by (covariate / its reference) to that power.
    """

    distribution: Literal["fixed", "normal", "lognormal", "uniform", "loguniform"]
    value: Written | None = None
    median: Written | None = None
    mean: Written | None = None
    sd: Written | None = None
    cv: Annotated[float, Field(gt=0, le=10)] | None = None
    range: Range | None = None
    least: Written | None = None
    most: Written | None = None
    power: dict[str, Annotated[float, Field(ge=-10, le=10)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Distribution:
        kind = self.distribution
        needed, allowed = _NEEDS[kind]
        given = self.model_fields_set & set(_KEYS)
        for key in needed:
            if key not in given:
                raise ValueError(f"a {kind} distribution needs the key '{key}'")
        for key in sorted(given - {*needed, *allowed}):
            raise ValueError(f"a {kind} distribution has no '{key}'")
        if kind == "lognormal" and ("range" in given) == ("cv" in given):
            raise ValueError("a lognormal distribution has 'cv' or 'range', one of them")
        if kind == "lognormal" and "range" in given and "median" in given:
            raise ValueError("'range' says the median, too: its geometric mean; leave 'median' out")
        if kind == "normal" and ("sd" in given) == ("cv" in given):
            raise ValueError("a normal distribution has 'sd' or 'cv', one of them")
        return self


class Covariate(Distribution):
    """What is known of a patient beside the parameters of the model; `weight` and `height` decide doses, too.

    Attributes:
        reference: at which powers of it are 1; left out, its median.
    """

    reference: Written | None = None


class Correlation(Entry):
    """What varies together: of the normal variables behind the distributions, hence of logarithms of lognormal ones.

    Attributes:
        between: names of two, or of those of the matrix.
        value: of two.
        matrix: a row for each name.
    """

    between: Annotated[tuple[str, ...], Field(min_length=2)]
    value: Annotated[float, Field(ge=-1, le=1)] | None = None
    matrix: tuple[tuple[Annotated[float, Field(ge=-1, le=1)], ...], ...] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Correlation:
        if len(set(self.between)) < len(self.between):
            raise ValueError("'between' names one of them twice")
        if (self.value is None) == (self.matrix is None):
            raise ValueError("a correlation has 'value', of two, or 'matrix'")
        if self.value is not None and len(self.between) != 2:
            raise ValueError("'value' is between two; of more, give a 'matrix'")
        if self.matrix is not None:
            self._check_matrix(self.matrix)
        return self

    def _check_matrix(self, matrix: tuple[tuple[float, ...], ...]) -> None:
        size = len(self.between)
        if len(matrix) != size or any(len(row) != size for row in matrix):
            raise ValueError(f"'matrix' needs {size} rows of {size} numbers, as 'between' names {size}")
        for row in range(size):
            if matrix[row][row] != 1.0:
                raise ValueError(f"'matrix' has {matrix[row][row]:g} on its diagonal; there it is 1")
            for column in range(row):
                if matrix[row][column] != matrix[column][row]:
                    names = f"{self.between[row]} and {self.between[column]}"
                    raise ValueError(f"'matrix' is not symmetric: it says two things of {names}")

    def pairs(self) -> list[tuple[str, str, float]]:
        """Each two and their correlation."""
        if self.value is not None:
            return [(self.between[0], self.between[1], self.value)]
        assert self.matrix is not None
        return [
            (self.between[column], self.between[row], self.matrix[row][column])
            for row in range(len(self.between))
            for column in range(row)
        ]


Kind = Literal[
    "peak",
    "least",
    "trough",
    "end",
    "mean",
    "auc",
    "half-life",
    "time-above",
    "least-diameter",
    "end-diameter",
]


class Metric(Entry):
    """One number that is measured of a patient's course.

    Attributes:
        of: column of the course, as "nivolumab_plasma_nM".
        kind: "peak", "least", "trough" (just before the last dose of its drug), "end", "mean", "auc" (times day),
            "half-life" (of the last three rows after the last dose), "time-above"; of cells of a tumour that keeps its
            shape the change of its diameter since the beginning, "least-diameter" or "end-diameter".
        above: level of "time-above", in the unit of the column.
        since, until: of the course; left out, its beginning and end.
    """

    of: str
    kind: Kind
    above: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    since: Annotated[float, Quantity("min", least=0.0)] = 0.0
    until: Annotated[float, Quantity("min", above=0.0)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Metric:
        if (self.above is None) == (self.kind == "time-above"):
            raise ValueError("'above' and kind = \"time-above\" go together")
        if self.until is not None and self.until <= self.since:
            raise ValueError("'until' is not after 'since'")
        return self


class Population(Entry):
    """Many patients, all given the same course.

    Attributes:
        name: as pictures call it.
        course: file of what they are given; relative to this one.
        patients: how many.
        seed: of what is drawn, and of chance among few tumour cells.
        tumour: of each of them; left out, drugs act on nobody.
        clones: whether clones of the tumour are followed, as `patient simulate` does, or its cells are all alike,
            which takes a twentieth of the time.
        covariate: by name; its patient's weight and height take the place of those of the course.
        parameter: by name of the patient's model, as "nivolumab_clearance".
        correlation: between covariates and parameters.
        metric: by the name of its column; left out, peak, trough, AUC and half-life of each drug in plasma, mean and
            trough of each receptor, and cells of the tumour at the end and the changes of its diameter.
    """

    name: Annotated[str, Field(max_length=200)] = ""
    course: Annotated[str, Field(min_length=1)]
    patients: Annotated[int, Field(ge=1, le=MOST_PATIENTS, strict=True)]
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = 1
    tumour: str | None = None
    clones: Annotated[bool, Field(strict=True)] = True
    covariate: dict[Word, Covariate] = Field(default_factory=dict)
    parameter: dict[Word, Distribution] = Field(default_factory=dict)
    correlation: tuple[Correlation, ...] = ()
    metric: dict[Word, Metric] = Field(default_factory=dict)
