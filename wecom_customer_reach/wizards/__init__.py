from . import wecom_broadcast_stop
