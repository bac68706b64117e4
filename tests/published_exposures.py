"""What was published of each drug's half-life, peak, accumulation and trough, and where it was seen.

A row's source is a row of theme D of the evidence, or a page of `SEEN` with the words that were read there; what is
only recalled has no row. Where a source gives a value without a range, the spread of clearance between its patients is
taken, or 20 % where it gives none. No number of the library's kinetics comes from the value that scores it.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsonin.knowledge.library import load_library

DRUGS = load_library().drugs
CARRIED = {name for name, drug in DRUGS.items() if drug.kinetics is not None}
HOUR, DAY = 60.0, 1440.0

ABEMACICLIB = "doi:10.1002/psp4.12544"
ATEZOLIZUMAB = "doi:10.21037/tlcr-24-111"
ATEZOLIZUMAB_TEXT = "https://www.galenreasoner.com/substances/atezolizumab/pharmacology"
AXITINIB = "https://ch.oddb.org:443/de/gcc/fachinfo/reg/62281/chapter/kinetic"
AXITINIB_US = "http://www.120ty.net/bencandy.php?aid=4537&fid=134&page=11"
AZACITIDINE = "https://www.galenreasoner.com/substances/azacitidine/pharmacology"
BELINOSTAT = "doi:10.1158/1078-0432.CCR-07-1786"
BEVACIZUMAB = (
    "https://www.droracle.ai/articles/783304/"
    "what-is-the-elimination-process-of-bevacizumab-avastin-anti-vascular"
)
BEVACIZUMAB_US = "https://www.pfizermedicalinformation.com/en-us/zirabev/clinical-pharmacology"
BLINATUMOMAB = "doi:10.1007/s40262-019-00823-8"
CAPIVASERTIB = "https://rxreasoner.com/monographs/truqap/pharmacology"
CAPIVASERTIB_CHINA = "doi:10.1186/s12885-025-14982-4"
CEMIPLIMAB = "https://www.medicine.com/drug/cemiplimab/hcp"
CEMIPLIMAB_TABLE = "https://jitc.bmj.com/highwire/markup/52581/expansion"
CISPLATIN = "doi:10.1016/0277-5379(82)90085-2"
CISPLATIN_TEXT = "https://vietmedix.com/Drug/drug-cisplatin.505.html"
BORTEZOMIB = "https://ch.oddb.org:443/fr/gcc/fachinfo/reg/67167/chapter/kinetic"
CARFILZOMIB = "doi:10.1016/j.trsl.2018.03.002"
CETUXIMAB = "http://www.120ty.net/bencandy.php?aid=4677&fid=150&page=15"
COBIMETINIB = "https://www.drugs.com/ppa/cobimetinib.html"
COBIMETINIB_TEXT = "https://rxreasoner.com/substances/cobimetinib/pharmacology"
CYCLOPHOSPHAMIDE = "https://kidneydiseaseclinic.net/kdc/cyclophosphamide"
DABRAFENIB = "https://ch.oddb.org:443/de/gcc/fachinfo/reg/69135/chapter/kinetic"
DABRAFENIB_HALF = "https://www.drugs.com/ppa/dabrafenib.html"
DINUTUXIMAB = "doi:10.1007/BF01526552"
DOCETAXEL = "https://ch.oddb.org:443/en/gcc/fachinfo/reg/62967/chapter/kinetic"
DOCETAXEL_WEEKLY = (
    "https://pure.johnshopkins.edu/en/publications/"
    "comparative-pharmacokinetics-of-weekly-and-every-three-weeks-doce-4"
)
DOSTARLIMAB = "doi:10.1111/bcp.15339"
DOSTARLIMAB_FIRST = "doi:10.1007/s00280-021-04358-3"
DOSTARLIMAB_TEXT = "https://ch.oddb.org:443/fr/gcc/fachinfo/reg/68023/chapter/kinetic"
DOXORUBICIN = "https://www.pfizermedicalinformation.com/en-us/doxorubicin/clinical-pharmacology"
ENTINOSTAT = "https://scholar.usuhs.edu/en/publications/phase-i-trial-of-ms-275-a-histone-deacetylase-inhibitor-administe"
FLUOROURACIL = "https://pubmed.ncbi.nlm.nih.gov/9252705"
FLUOROURACIL_BOLUS = "https://clincancerres.aacrjournals.org/highwire/markup/74044/expansion"
GEMCITABINE = (
    "https://linked.opendata.cz/describe/"
    "?url=http%3A%2F%2Flinked.opendata.cz%2Fresource%2Fsukl%2Fspc%2Fsection%2FSPC154632_doc-5-2"
)
GEMCITABINE_HIGH = "doi:10.1179/joc.2007.19.2.212"
IFN_ALPHA = "doi:10.1002/j.1552-4604.1987.tb03044.x"
IFN_ALPHA_2A = "https://ch.oddb.org:443/en/gcc/fachinfo/reg/53568/chapter/kinetic"
IFN_GAMMA = "https://www.drugs.com/ppa/interferon-gamma-1b.html"
IPILIMUMAB = "doi:10.1002/onco.13819"
IXAZOMIB = "doi:10.1007/s40262-017-0526-4"
MONALIZUMAB = "doi:10.1002/jcph.2220"
OXALIPLATIN = "doi:10.1385/MO:19:4:261"
PACLITAXEL = "http://www.120ty.net/bencandy.php?aid=4305&fid=134&page=2"
MOSUNETUZUMAB = "https://www.rxreasoner.com/substances/mosunetuzumab/pharmacology"
MOSUNETUZUMAB_HALF_LIFE = "https://pipeline-evidence.pages.dev/drugs/lunsumio"
PALBOCICLIB = "https://palbocap.com/palbocap-professional/"
PANOBINOSTAT = "doi:10.1007/s00228-015-1846-7"
PANOBINOSTAT_MYELOMA = "doi:10.1007/s00228-015-1967-z"
PANOBINOSTAT_POOLED = "https://pde-inhibitors.com/panobinostat"
PEMBROLIZUMAB = "https://ch.oddb.org:443/en/gcc/fachinfo/reg/66231/chapter/kinetic"
PEXIDARTINIB = "https://www.drugs.com/ppa/pexidartinib.html"
PEXIDARTINIB_TEXT = "https://rxreasoner.com/monographs/turalio/pharmacology"
SABATOLIMAB = "doi:10.1002/psp4.12962"
TRAMETINIB = "https://ch.oddb.org:443/dt/gcc/fachinfo/reg/65883/chapter/kinetic"
TRAMETINIB_FASTED = "doi:10.1002/jcph.115"
TROUGHS_SEEN = "https://pubmed.ncbi.nlm.nih.gov/28709799"
TRASTUZUMAB = "doi:10.1007/s00280-018-3728-z"
TRASTUZUMAB_TABLE = "http://www.120ty.net/bencandy.php?aid=59710&fid=486&page=23"
VERZENIOS = "https://ch.oddb.org:443/it/gcc/fachinfo/reg/66833/chapter/kinetic"
YM155 = "doi:10.1007/s10637-012-9867-x"

SEEN = {
    ABEMACICLIB: "table 3 (PMC7499187), 'JPBM (patients) 150 mg N = 322 ... Half-life (h) 20.3 (43) ... "
    "Cmax (ng/mL) 125 (54.6)' after a single dose; the kinetics are of the other 421 patients",
    ATEZOLIZUMAB: "table 1 (PMC11225035), 'Ctrough (at the end of cycle 1) [%CV] 85 [33]' at 1,200 mg",
    ATEZOLIZUMAB_TEXT: "'The systemic accumulation in area under the curve, maximum concentration and "
    "trough concentration was 1.91, 1.46 and 2.75-fold'",
    AXITINIB: "'Die Eliminationshalbwertzeit liegt zwischen 2.5 und 6.1 Stunden.'",
    AXITINIB_US: "label copy, '5 mg twice daily resulted in approximately 1.4-fold accumulation'",
    AZACITIDINE: "'peak plasma concentrations of 750 +- 403 ng/mL occurring at 0.5 h after dosing'",
    BELINOSTAT: "abstract, 'The intermediate elimination half-life was 0.3 to 1.3 h'; the kinetics rest on "
    "1.1 h of another source",
    BEVACIZUMAB: "'half-life of 20 days (range 11-50 days)', 'Mean clearance rate: 0.23 L/day (CV 33%)', "
    "'Accumulation ratio: 2.8 following 10 mg/kg every 2 weeks'",
    BEVACIZUMAB_US: "'median trough concentration of 80.3 mcg/mL on Day 84 (10th, 90th percentile: 45, 128) "
    "following a dose of 5 mg/kg once every two weeks'",
    BLINATUMOMAB: "table 2 as the article of nlmixr2lib on it has it: at 45 kg and more 615 pg/mL during "
    "28 ug/d, half-life 2.10 h; table 3, clearance varies by 47.6 %",
    CAPIVASERTIB: "label copy, 'Cmax is 1,371 ng/mL (30%)' at steady state",
    CAPIVASERTIB_CHINA: "summary, 'rapidly absorbed with a half-life of about 10 hours', 480 mg",
    CEMIPLIMAB: "'Half-Life Elimination 19 days'",
    CEMIPLIMAB_TABLE: "table 4, weeks 17-19, 'Group 3, 350 mg Q3W': Ctrough 62.7 (28.3), Cmax 151 (46.2) mg/L",
    CISPLATIN: "abstract, 100 mg/m2, 'In rapid, 3-hr and 24-hr infusions, peak levels of free platinum were "
    "8.62, 1.96 and 0.27 microgram Pt/ml respectively'; three patients",
    CISPLATIN_TEXT: "label copy, 'decays monoexponentially with a half life of 20 to 30 minutes following "
    "administrations of 50 or 100 mg/m^2'",
    BORTEZOMIB: "'La demi-vie moyenne d'elimination du bortezomib apres l'administration de doses multiples varie "
    "entre 40 et 193 heures', 'Cmax ... apres l'administration i.v. (223 ng/ml)' of repeated doses of 1,3 mg/m2",
    CARFILZOMIB: "table 2 (PMC6151281), '20 mg/m2, IV (C1D1) CL, 659 (353) L/h; Vss, 108 (71) L; t1/2, 0.66 "
    "(0.48) h'",
    CETUXIMAB: "copy of the European text, 'mean Cmax (+- standard deviation) was 185+-55 microgram per ml' after "
    "400 mg/m2, half-life 'ranging from 70 to 100 hours', 'mean trough concentrations were 41.3 and 55.4' in weeks 3 "
    "and 8; the spread of the peak is taken for them",
    COBIMETINIB: "'Half-Life Elimination Mean: 44 hours (range: 23 to 70 hours)'",
    COBIMETINIB_TEXT: "'mean steady-state Cmax and AUC0-24 were 273 ng/mL and 4340 ng.h/mL', 'The mean "
    "accumulation ratio at steady state was approximately 2.4-fold'",
    CYCLOPHOSPHAMIDE: "'half-life - normal/ESRD (hrs) 3-12/10'",
    DABRAFENIB: "150 mg twice daily, 'Cmax, AUC(0-tau) und die Konzentration vor Verabreichung (Ctau) im "
    "geometrischen Mittel 1478 ng/ml, 4341 ng*hr/ml bzw. 26 ng/ml'",
    DABRAFENIB_HALF: "'Half-Life Elimination Parent drug: 8 hours'",
    DINUTUXIMAB: "abstract, '181+-73 h previously reported in adult melanoma patients'",
    DOCETAXEL: "'100 mg/m2 als einstuendige i.v. Infusion betraegt der Cmax-Wert 3,7 ug/ml', clearance 'mit "
    "interindividuellen Schwankungen von ca. 50%'",
    DOCETAXEL_WEEKLY: "abstract, half-lives of the weekly and three-weekly schedule '16.5 +- 11.2 versus "
    "17.6 +- 7.4 h'",
    DOSTARLIMAB: "abstract, 'terminal elimination half-life was 23.5 (22.4%) days'",
    DOSTARLIMAB_FIRST: "abstract, 'Trough dostarlimab concentration after administration of dostarlimab 500 mg "
    "Q3W was similar to that after dostarlimab 1000 mg Q6W, the values of which (about 40 ug/mL)'",
    DOSTARLIMAB_TEXT: "'un quasi-doublement de l'accumulation (AUC0-tau et Cmax)' from the first 500 mg on",
    DOXORUBICIN: "'The terminal half-life is 20 hours to 48 hours.'",
    ENTINOSTAT: "abstract, once a week with food, 'The mean terminal half-life of MS-275 was 33.9 +- 26.2'; the "
    "kinetics rest on the 39 to 80 h of another trial",
    FLUOROURACIL: "abstract, 600 mg/m2 over 22 h, 'The steady-state plasma concentration averaged 0.31 +- 0.11 "
    "microgram/ml', after it 'an apparent elimination half-life of 7.08 +- 3.21 minutes'",
    FLUOROURACIL_BOLUS: "table 3, of 57 patients 't1/2 (h) 0.25 +- 0.20', 'Cmax (mg/L) 21.8 +- 16.3' of a daily dose "
    "of 615 mg",
    GEMCITABINE: "peaks 'od 3,2 do 45,5 ug/ml' of 500 to 2592 mg/m2 over 0.4 to 1.2 h; half-life 'v rozmezi od 42 do "
    "94 minut'",
    GEMCITABINE_HIGH: "abstract, 1/2-h infusions, 'eliminated rapidly with a t1/2beta of 2.3-15.8 min in the 40-5700 "
    "mg/m2 dose range, with one exception of 38 min'",
    IFN_ALPHA: "abstract, 5e6 IU/m2 under the skin: 'observed maximal concentrations after IM and SC administration "
    "were 42.1 IU/mL at six hours and 45.8 IU/mL at eight hours'",
    IFN_ALPHA_2A: "of interferon alfa-2a, 36e6 IU, 2.2e8 pg: 'im Serum Spitzenkonzentrationen ... 1'250 und 2'320 "
    "pg/ml (Durchschnitt: 1'730 pg/ml)' under the skin",
    IFN_GAMMA: "'Half-Life Elimination IM: ~3 hours, SubQ: ~6 hours'",
    IPILIMUMAB: "table 2 (PMC8417871), 'the mean minimum concentration at steady state was 19.4 mcg/mL at "
    "3 mg/kg', clearance '16.8 mL/h (38%)'",
    IXAZOMIB: "'The geometric mean terminal disposition phase half-life was 9.5 days'",
    MONALIZUMAB: "discussion as the article of nlmixr2lib on it has it, 'half-life of 2-3 weeks seen with a "
    "single IV dose', '1.4- to 2-fold accumulation ... after the administration of 4 IV doses every 2 weeks'",
    OXALIPLATIN: "abstract, 85 mg/m2 over 2 h, 'Cmax and terminal half-life (t1/2) were 1.44+-0.20 (SD) ug/mL and "
    "14.1 min (range: 10.2-24.5)'; clearance and volume of the same ten patients set the kinetics",
    PACLITAXEL: "label copy, table 1, 175 mg/m2 over 3 h: Cmax 3650 ng/mL, half-life 20.2 h; 135 mg/m2: 2170, 13.1",
    MOSUNETUZUMAB: "'the Cmax at the end of dose of Cycle 2 Day 1 ... with an average maximal concentration of 17.9 "
    "ug/mL and CV of 49.6'",
    MOSUNETUZUMAB_HALF_LIFE: "'Half-life: approximately 16 days at 30 mg'",
    PALBOCICLIB: "'plasma elimination half-life was 29 (+-5) hours', 'median accumulation ratio of 2.4 (range "
    "1.5 to 4.2)'",
    PANOBINOSTAT: "discussion as the article of nlmixr2lib on it has it, a last half-life of 'approximately 37 h', "
    "as in two studies that sampled for 96 h",
    PANOBINOSTAT_MYELOMA: "abstract, with bortezomib and dexamethasone at 20 mg, geometric mean 'maximum plasma "
    "concentration (Cmax) was 8.1 ng/mL (90 % CV)'",
    PANOBINOSTAT_POOLED: "abstract of a review, 'an oral dose of panobinostat 20 mg resulted in a maximum plasma "
    "concentration (Cmax) of 21.6 ng/mL'; its variation of 59 % is of doi:10.1007/s00280-011-1758-x",
    PEMBROLIZUMAB: "'systemische Akkumulation lag beim 2,1-Fachen', clearance '195 ml/Tag (40%)'",
    PEXIDARTINIB: "'Half-Life Elimination 26.6 hours'",
    PEXIDARTINIB_TEXT: "table 9, steady state of 400 mg twice daily, 'Cmax 8625 (2746) ng/mL', 'Accumulation "
    "ratio (AUC) [Median] 3.6'",
    SABATOLIMAB: "results as the article of nlmixr2lib on it has them, 'terminal half-life of 18.7 days'",
    TRAMETINIB: "2 mg daily, 'Cmax, AUC(0tau) und der Konzentration vor Verabreichung 22.2 ng/ml, 370 ng*hr/ml bzw. "
    "12.1 ng/ml', 'interindividuelle Variabilitaet war gering (< 28 %)'",
    TRAMETINIB_FASTED: "abstract, 'Median half-life was 6.3 and 5.3 days for fed and fasted regimens'",
    TROUGHS_SEEN: "abstract, 'ranging from 15.4 to 279.6ng/ml, mean+-SD 58.7+-61.1ng/ml' of dabrafenib, 'from 4.1 to "
    "23.8ng/ml, mean+-SD 11.9+-4.1ng/ml' of trametinib",
    TRASTUZUMAB: "introduction, 'a terminal elimination half-life between 25 and 30 days following the q3w IV "
    "regimen in BC'",
    TRASTUZUMAB_TABLE: "copy of the European text, table 15, median with 5th to 95th percentile of 8 mg/kg and "
    "then 6 mg/kg q3w in early breast cancer: Cmin,ss 53.8 (28.7 - 85.8), Cmax,ss 184 (134 - 247) ug/mL",
    VERZENIOS: "'Akkumulations-Ratios von 3.7 (58% CV) und 5.8 (65% CV) bezogen auf Cmax bzw. AUC'",
    YM155: "figure 1 as the article of nlmixr2lib on it has it, 'Observed concentrations during the CIVI cluster "
    "around a typical Css of ~5-15 ng/mL', 'terminal half-life of ~5 h'",
}


@dataclass(frozen=True)
class Row:
    """What one source says of one drug.

    Attributes:
        drug: of the knowledge base; source: id of a row of the evidence, or a key of `SEEN`.
        low, high: its range; mg: one dose; every: [min] between two, 0 of one alone; doses: how many.
        lasting: [min] over which each flows in; first: [mg] of the first dose where that is another.
        misfit: why the model is known to miss it.
    """

    drug: str
    source: str
    low: float
    high: float
    mg: float
    every: float = 0.0
    doses: int = 1
    lasting: float = 0.0
    first: float | None = None
    misfit: str = ""


def spread(value, share):
    return value * (1.0 - share), value * (1.0 + share)


def hours(low, high):
    return HOUR * low, HOUR * high


def days(low, high):
    return DAY * low, DAY * high


def nanomolar(drug, low, high):
    """[nM] of [mg/L]."""
    per_mg = 1e9 / DRUGS[drug].molar_mass.value
    return low * per_mg, high * per_mg


OF_THE_FIRST_HOURS = (
    "half-life of the first day; the slowest compartment of its population model holds the end for days"
)
FIVE_HOURS = "the two compartments of its population model wane in 4.8 h"
NO_SECOND = (
    "one compartment: no numbers of a second one were found, and trials differ fivefold in its clearance"
)
SPARSE = "clearance and volumes of two samples of each patient, the later one within 26 h"
SHORTER = "the kinetics follow 94 other patients, with a sixth of the label's peripheral volume"
VARIES = "7 to 16 min from study to study; the kinetics follow 21 patients with 15 min"
SLOWER = "three patients, who cleared a seventh less than the 43 of the kinetics"
WITH_PHENYLBUTYRATE = "given with phenylbutyrate, with twice the AUC of its label"
REAL_LIFE = "the kinetics follow patients in daily care, with 1.8 times the AUC of the label"
ONE_VOLUME = (
    "one compartment of the effective half-life of 4 days that it accumulates with; others found 2.7 to 9"
)
FASTER = "the kinetics follow evidence:D019, whose own last half-life is 85 min"

HALF_FOUND = "the central volume is that of another trial, whose peak was half of this one"

# [min], of the slowest part of the decline, after the dose of the label.
HALF_LIVES = [
    Row("nivolumab", "D009", *days(*spread(25.0, 0.35)), 240.0),
    Row("ipilimumab", "D010", *days(*spread(15.0, 0.354)), 210.0),
    Row("atezolizumab", "D011", *days(*spread(27.0, 0.29)), 1200.0),
    Row("durvalumab", "D012", *days(*spread(21.0, 0.272)), 1500.0),
    Row("avelumab", "D013", *days(*spread(6.1, 0.252)), 800.0),
    Row("pembrolizumab", "D033", *days(*spread(22.0, 0.309)), 200.0),  # spread from D016
    Row("rituximab", "D031", *days(11.0, 94.0), 675.0),
    Row("galunisertib", "D042", *hours(*spread(8.6, 0.2)), 150.0),
    Row("venetoclax", "D039", *hours(*spread(26.0, 0.2)), 400.0),
    Row("vorinostat", "D026", 91.0, 127.0, 400.0),
    Row("abemaciclib", ABEMACICLIB, *hours(*spread(20.3, 0.43)), 150.0),
    Row("palbociclib", PALBOCICLIB, *hours(24.0, 34.0), 125.0),
    Row("axitinib", AXITINIB, *hours(2.5, 6.1), 5.0, misfit=OF_THE_FIRST_HOURS),
    Row("cobimetinib", COBIMETINIB, *hours(23.0, 70.0), 60.0),
    Row("pexidartinib", PEXIDARTINIB, *hours(*spread(26.6, 0.2)), 400.0),
    Row("belinostat", BELINOSTAT, *hours(0.3, 1.3), 1800.0, lasting=30.0),
    Row("docetaxel", DOCETAXEL_WEEKLY, *hours(10.2, 25.0), 180.0, lasting=HOUR),
    Row("cyclophosphamide", CYCLOPHOSPHAMIDE, *hours(3.0, 12.0), 1080.0),
    Row("entinostat", ENTINOSTAT, *hours(7.7, 60.1), 5.0),
    Row("ixazomib", IXAZOMIB, *days(*spread(9.5, 0.2)), 4.0),
    Row("bortezomib", BORTEZOMIB, *hours(40.0, 193.0), 2.34),
    Row("carfilzomib", CARFILZOMIB, *hours(0.18, 1.14), 36.0, misfit=NO_SECOND),
    Row("panobinostat", PANOBINOSTAT, *hours(*spread(37.0, 0.2)), 20.0),
    Row("bevacizumab", BEVACIZUMAB, *days(11.0, 50.0), 700.0),
    Row("trastuzumab", TRASTUZUMAB, *days(25.0, 30.0), 560.0),
    Row("cetuximab", CETUXIMAB, *hours(70.0, 100.0), 720.0, lasting=2 * HOUR),
    Row("cemiplimab", CEMIPLIMAB, *days(*spread(19.0, 0.2)), 350.0),
    Row("dostarlimab", DOSTARLIMAB, *days(*spread(23.5, 0.224)), 500.0),
    Row("dinutuximab", DINUTUXIMAB, *hours(108.0, 254.0), 31.5),
    Row("blinatumomab", BLINATUMOMAB, *hours(*spread(2.1, 0.476)), 0.028),
    Row("mosunetuzumab", MOSUNETUZUMAB_HALF_LIFE, *days(*spread(16.0, 0.2)), 30.0),
    Row("aldesleukin", "D021", 100.0, 123.0, 2.6, misfit=FASTER),
    Row("ifn_gamma_1b", IFN_GAMMA, *hours(*spread(6.0, 0.2)), 0.1),
    Row("monalizumab", MONALIZUMAB, *days(14.0, 21.0), 750.0),
    Row("sabatolimab", SABATOLIMAB, *days(*spread(18.7, 0.2)), 800.0),
    Row("ym155", YM155, *hours(*spread(5.0, 0.2)), 9.5),
    Row("cisplatin", CISPLATIN_TEXT, 20.0, 30.0, 180.0),
    Row("oxaliplatin", OXALIPLATIN, 10.2, 24.5, 153.0),
    Row("paclitaxel", PACLITAXEL, *hours(*spread(20.2, 0.2)), 315.0, lasting=3 * HOUR, misfit=SPARSE),
    Row("doxorubicin", DOXORUBICIN, *hours(20.0, 48.0), 108.0),
    Row("gemcitabine", GEMCITABINE, 42.0, 94.0, 1800.0, misfit=SHORTER),
    Row("gemcitabine", GEMCITABINE_HIGH, 2.3, 15.8, 1800.0),
    Row("fluorouracil", FLUOROURACIL_BOLUS, *hours(0.05, 0.45), 615.0),
    Row("fluorouracil", FLUOROURACIL, 3.87, 10.29, 720.0, misfit=VARIES),
    Row("decitabine", "D023", 54.2, 79.6, 36.0),
    Row("capivasertib", CAPIVASERTIB_CHINA, *hours(*spread(10.0, 0.2)), 480.0, misfit=OF_THE_FIRST_HOURS),
    Row("trametinib", TRAMETINIB_FASTED, *days(*spread(5.3, 0.2)), 2.0, misfit=ONE_VOLUME),
    Row("dabrafenib", DABRAFENIB_HALF, *hours(*spread(8.0, 0.2)), 150.0, misfit=FIVE_HOURS),
]
# [nM]
PEAKS = [
    Row("vorinostat", "D036", *spread(1200.0, 0.2), 400.0),
    Row("venetoclax", "D039", *spread(2.1e6 / 868.44, 0.2), 400.0, DAY, 14),
    Row("abemaciclib", ABEMACICLIB, *nanomolar("abemaciclib", *spread(0.125, 0.546)), 150.0),
    Row("cobimetinib", COBIMETINIB_TEXT, *nanomolar("cobimetinib", *spread(0.273, 0.2)), 60.0, DAY, 21),
    Row("pexidartinib", PEXIDARTINIB_TEXT, *nanomolar("pexidartinib", 5.879, 11.371), 400.0, 12 * HOUR, 28),
    Row("docetaxel", DOCETAXEL, *nanomolar("docetaxel", *spread(3.7, 0.5)), 180.0, lasting=HOUR),
    Row(
        "trastuzumab",
        TRASTUZUMAB_TABLE,
        *nanomolar("trastuzumab", 134.0, 247.0),
        420.0,
        21 * DAY,
        13,
        first=560.0,
    ),
    Row(
        "cemiplimab",
        CEMIPLIMAB_TABLE,
        *nanomolar("cemiplimab", 104.8, 197.2),
        350.0,
        21 * DAY,
        6,
        lasting=30.0,
    ),
    Row(
        "blinatumomab",
        BLINATUMOMAB,
        *nanomolar("blinatumomab", *spread(615e-6, 0.476)),
        0.784,
        lasting=28 * DAY,
    ),
    # 41 U/mL while 1e6 U/m2 flow in over 6 hours, which set none of the kinetics; 16.4e6 U/mg.
    Row(
        "aldesleukin",
        "D019",
        *nanomolar("aldesleukin", *spread(0.0025, 0.2)),
        1.73 / 16.4,
        lasting=6 * HOUR,
    ),
    Row(
        "bortezomib",
        BORTEZOMIB,
        *nanomolar("bortezomib", *spread(0.223, 0.45)),
        2.34,
        3 * DAY,
        4,
        misfit=HALF_FOUND,
    ),
    Row("panobinostat", PANOBINOSTAT_MYELOMA, *nanomolar("panobinostat", *spread(0.0081, 0.9)), 20.0),
    Row("panobinostat", PANOBINOSTAT_POOLED, *nanomolar("panobinostat", *spread(0.0216, 0.59)), 20.0),
    Row("cetuximab", CETUXIMAB, *nanomolar("cetuximab", 130.0, 240.0), 720.0, lasting=2 * HOUR),
    # The 60 mg of days 15 and 22; the 1 and 2 mg before them add little.
    Row("mosunetuzumab", MOSUNETUZUMAB, *nanomolar("mosunetuzumab", *spread(17.9, 0.496)), 60.0, 7 * DAY, 2),
    # 2.6e8 IU/mg of alfa-2b.
    Row("ifn_alpha", IFN_ALPHA, *nanomolar("ifn_alpha", *spread(0.0458 / 260.0, 0.2)), 9.0 / 260.0),
    Row("ifn_alpha", IFN_ALPHA_2A, *nanomolar("ifn_alpha", 0.00125, 0.00232), 0.22),
    Row("ym155", YM155, *nanomolar("ym155", 0.005, 0.015), 66.2, lasting=168 * HOUR),
    # Platinum is 0.65 of the mass of cisplatin.
    Row(
        "cisplatin",
        CISPLATIN,
        *nanomolar("cisplatin", *spread(1.96 / 0.65, 0.2)),
        180.0,
        lasting=3 * HOUR,
        misfit=SLOWER,
    ),
    Row("oxaliplatin", OXALIPLATIN, *nanomolar("oxaliplatin", 1.24, 1.64), 153.0, lasting=2 * HOUR),
    Row("paclitaxel", PACLITAXEL, *nanomolar("paclitaxel", *spread(3.65, 0.2)), 315.0, lasting=3 * HOUR),
    Row("gemcitabine", GEMCITABINE, *nanomolar("gemcitabine", 3.2, 45.5), 1800.0, lasting=30.0),
    Row("fluorouracil", FLUOROURACIL, *nanomolar("fluorouracil", 0.2, 0.42), 1080.0, lasting=22 * HOUR),
    Row("fluorouracil", FLUOROURACIL_BOLUS, *nanomolar("fluorouracil", 5.5, 38.1), 615.0),
    Row("azacitidine", AZACITIDINE, *nanomolar("azacitidine", 0.347, 1.153), 135.0),
    Row("azacitidine", "D024", 3473.0, 6269.0, 135.0, misfit=WITH_PHENYLBUTYRATE),
    Row("decitabine", "D023", *nanomolar("decitabine", 0.0885, 0.129), 36.0, lasting=HOUR),
    Row("capivasertib", CAPIVASERTIB, *nanomolar("capivasertib", *spread(1.371, 0.3)), 400.0, 12 * HOUR, 8),
    Row("trametinib", TRAMETINIB, *nanomolar("trametinib", *spread(0.0222, 0.28)), 2.0, DAY, 28),
    Row(
        "dabrafenib",
        DABRAFENIB,
        *nanomolar("dabrafenib", *spread(1.478, 0.2)),
        150.0,
        12 * HOUR,
        14,
        misfit=REAL_LIFE,
    ),
]
# Exposure from one dose to the next when it has become steady, over that after the first.
ACCUMULATIONS = [
    Row("nivolumab", "D017", *spread(3.7, 0.2), 210.0, 14 * DAY, 20),
    Row("pembrolizumab", PEMBROLIZUMAB, *spread(2.1, 0.4), 200.0, 21 * DAY, 6),
    Row("atezolizumab", ATEZOLIZUMAB_TEXT, *spread(1.91, 0.2), 1200.0, 21 * DAY, 6),
    Row("abemaciclib", VERZENIOS, *spread(5.8, 0.65), 150.0, 12 * HOUR, 14),
    Row("palbociclib", PALBOCICLIB, 1.5, 4.2, 125.0, DAY, 21),
    Row("axitinib", AXITINIB_US, *spread(1.4, 0.2), 5.0, 12 * HOUR, 14),
    Row("cobimetinib", COBIMETINIB_TEXT, *spread(2.4, 0.2), 60.0, DAY, 21),
    Row("pexidartinib", PEXIDARTINIB_TEXT, *spread(3.6, 0.2), 400.0, 12 * HOUR, 28),
    Row("bevacizumab", BEVACIZUMAB, *spread(2.8, 0.33), 700.0, 14 * DAY, 12),
    Row("dostarlimab", DOSTARLIMAB_TEXT, *spread(2.0, 0.2), 500.0, 21 * DAY, 8),
    Row("monalizumab", MONALIZUMAB, 1.4, 2.0, 750.0, 14 * DAY, 4),
]
# [nM], just before the dose after the last of these.
TROUGHS = [
    Row("ipilimumab", IPILIMUMAB, *nanomolar("ipilimumab", *spread(19.4, 0.38)), 210.0, 21 * DAY, 4),
    Row("atezolizumab", ATEZOLIZUMAB, *nanomolar("atezolizumab", *spread(85.0, 0.33)), 1200.0, 21 * DAY),
    Row("bevacizumab", BEVACIZUMAB_US, *nanomolar("bevacizumab", 45.0, 128.0), 350.0, 14 * DAY, 6),
    Row(
        "trastuzumab",
        TRASTUZUMAB_TABLE,
        *nanomolar("trastuzumab", 28.7, 85.8),
        420.0,
        21 * DAY,
        13,
        first=560.0,
    ),
    Row(
        "cemiplimab", CEMIPLIMAB_TABLE, *nanomolar("cemiplimab", 34.4, 91.0), 350.0, 21 * DAY, 6, lasting=30.0
    ),
    *(
        Row(
            "cetuximab",
            CETUXIMAB,
            *nanomolar("cetuximab", *spread(mean, 55.0 / 185.0)),
            450.0,
            7 * DAY,
            week,
            HOUR,
            720.0,
        )
        for week, mean in ((3, 41.3), (8, 55.4))
    ),
    Row("dostarlimab", DOSTARLIMAB_FIRST, *nanomolar("dostarlimab", *spread(40.0, 0.2)), 500.0, 21 * DAY),
    Row("dostarlimab", DOSTARLIMAB_FIRST, *nanomolar("dostarlimab", *spread(40.0, 0.2)), 1000.0, 42 * DAY),
    Row("trametinib", TRAMETINIB, *nanomolar("trametinib", *spread(0.0121, 0.28)), 2.0, DAY, 28),
    Row("trametinib", TROUGHS_SEEN, *nanomolar("trametinib", 0.0078, 0.016), 2.0, DAY, 28),
    Row("dabrafenib", TROUGHS_SEEN, *nanomolar("dabrafenib", 0.0154, 0.2796), 150.0, 12 * HOUR, 14),
    Row(
        "dabrafenib",
        DABRAFENIB,
        *nanomolar("dabrafenib", *spread(0.026, 0.2)),
        150.0,
        12 * HOUR,
        14,
        misfit=REAL_LIFE,
    ),
]
ROWS = (*HALF_LIVES, *PEAKS, *ACCUMULATIONS, *TROUGHS)

# All that was seen of these sets their kinetics, and can score them no more.
USED_UP = {"birinapant", "magrolimab", "omacetaxine", "romidepsin", "tiragolumab"}
# No half-life, peak or trough in a patient was seen; ATG-031, BND-22, COM701 and TTX-030 were not looked for.
NOT_FOUND = {
    "atg_031",
    "bnd_22",
    "com701",
    "conatumumab",
    "dulanermin",
    "emactuzumab",
    "epacadostat",
    "etrumadenant",
    "evorpacept",
    "fludarabine",
    "guadecitabine",
    "lirilumab",
    "navitoclax",
    "oleclumab",
    "relatlimab",
    "selicrelumab",
    "ttx_030",
    "urelumab",
    "utomilumab",
}
NO_ROW = USED_UP | NOT_FOUND
