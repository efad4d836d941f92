from . import callback, personal_data
