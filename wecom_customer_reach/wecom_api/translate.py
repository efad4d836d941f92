"""The translation marker of the client: it marks, it never translates.

Sentences wrapped in ``_()`` are found by the translation export of the host (Odoo looks for calls named ``_``) and are
translated there when they are shown: ``env._(error.explanation)``, ``env._(problem.message, **problem.values)``.
"""


def _(text: str) -> str:
    """Mark ``text`` as translatable and return it unchanged."""
    return text
