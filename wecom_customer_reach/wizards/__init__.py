from . import wecom_broadcast_stop, wecom_tag_delete, wecom_tag_marking_start
