from . import (
    wecom_broadcast_decision,
    wecom_broadcast_move,
    wecom_broadcast_retry,
    wecom_broadcast_stop,
    wecom_broadcast_test,
    wecom_erasure_start,
    wecom_material_insert,
    wecom_tag_delete,
    wecom_tag_marking_start,
)
