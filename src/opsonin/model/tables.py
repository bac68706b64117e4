"""Names of the columns in which the knowledge base reaches the kernels: one row per cell type.

Which column means what, and nothing else; filled by the engine's compiler.
"""

from __future__ import annotations

(
    REFERENCE_VOLUME,  # um3
    MODEL_RADIUS,  # um, of a cell of the reference volume in this tissue
    SURFACE,  # um2
    DIAMETER,  # um
    EXIT_RATE,  # 1/min, G0/G1 to S, unhindered
    ACTIVATED_RATE,  # 1/min, the same under full activation
    COMMITTED_TIME,  # min
    PRESSURE_HALF,  # resting pressures
    PRESSURE_HILL,
    SPONTANEOUS,  # 1/min
    APOPTOTIC_TIME,  # min
    NECROSIS_RATE,  # 1/min
    NECROSIS_OXYGEN,  # mmHg
    NECROSIS_HILL,
    NECROSIS_GLUCOSE,  # in the unit of its field, 0 for a type that lives without
    NECROTIC_TIME,  # min
    SPEED,  # um/min
    PERSISTENCE,  # min
    BIAS_MAX,
    ATTRACTANT_HALF,  # nM
    GRADIENT_HALF,
    HIT_RATE,  # 1/min
    KILLER,  # 1 for cells that can kill
    NATURAL,  # 1 for those of them that need no antigen
    EATER,  # 1 for those of them that eat their target
    UNAIDED,  # share of its rate that an eater reaches without antibodies
    FATIGUE,  # share of its vigour that each meal costs an eater
    CHIMERIC,  # 1 for those whose receptor was made to see a molecule on the surface
    SIGNAL_HALF,  # molecules
    SIGNAL_HILL,
    COSTIMULATION,  # factor without any
    HELPER,  # 1 for those that see peptides on MHC-II
    ACTIVATION_MEMORY,  # min
    EXHAUSTION_GAIN,  # 1/min
    EXHAUSTION_RECOVERY,  # 1/min
    FIXING,  # 1/min
    BYSTANDERS,  # share of its death ligands that reach other targets which it touches
    STEM_HITS,  # of a stem-like cell, over those of an effector
    TISSUE_EXIT,  # 1/min
    DAMAGE_HALF_LIFE,  # min
    PRIMING,
    RETENTION,
    RETENTION_REACH,  # um
    RETENTION_DELAY,  # min
    TUMOUR,  # 1 for tumour cells, 0 for others
    STROMA,  # 1 for stroma and endothelium
    SHEATH,  # -1 for tumour cells, what keeps stroma off them, else 0
    COLUMNS,
) = range(48)

# Values of `induced_by` that are not the index of a substrate.
ALWAYS = -1
BY_ACTIVATION = -2

# What a substrate is to the fitness of a type.
INDIFFERENT, NEEDED, HARMFUL = range(3)
