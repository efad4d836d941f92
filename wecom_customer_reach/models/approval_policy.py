"""Which broadcasts of a corp somebody has to approve."""

APPROVAL_POLICIES = [
    ("none", "Nobody has to approve"),
    ("above", "Above a number of recipients"),
    ("always", "Every broadcast"),
]
