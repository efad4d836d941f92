"""Work that must be visible to other workers at once, and stay when the transaction that needed it is rolled back."""

from psycopg2.errors import SerializationFailure

ATTEMPTS = 5


def in_own_cursor(registry, work):
    """Return ``work(cursor)``, committed in a transaction of its own; done again when another worker was faster.

    Waiting for a row lock makes the snapshot old, so each attempt has a new one.
    """
    for _attempt in range(1, ATTEMPTS):
        try:
            with registry.cursor() as cr:
                return work(cr)
        except SerializationFailure:
            continue
    with registry.cursor() as cr:
        return work(cr)
