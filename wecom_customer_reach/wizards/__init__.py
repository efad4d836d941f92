from . import wecom_broadcast_stop, wecom_tag_delete
