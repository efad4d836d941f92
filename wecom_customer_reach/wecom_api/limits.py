"""Documented limits, in one place. Source: wecom-api.md § 17 and the sections named there."""

MEGABYTE = 1024 * 1024

# Listings (§ 1.3)
CONTACTS_PER_PAGE = 100
BROADCASTS_PER_PAGE = 100
RESULTS_PER_PAGE = 1000

# Contacts (§ 4.4, 4.5)
MEMBERS_PER_CONTACT_LISTING = 100
REMARK_CHARACTERS = 20
DESCRIPTION_CHARACTERS = 150
REMARK_COMPANY_CHARACTERS = 20

# Tags (§ 5.1)
TAG_NAME_CHARACTERS = 30
ORDER_END = 2**32

# Broadcasts (§ 6.2, 6.5)
BROADCAST_CONTACTS = 10_000
BROADCAST_GROUP_CHATS = 2_000
BROADCAST_TAGS_PER_GROUP = 100
TEXT_BYTES = 4_000
ATTACHMENTS = 9
LINK_TITLE_BYTES = 128
LINK_DESCRIPTION_BYTES = 512
URL_BYTES = 2_048
MINIPROGRAM_TITLE_BYTES = 64
BROADCAST_LISTING_SECONDS = 31 * 86_400
"""“One month”: the longest one, so that no span WeCom accepts is refused here."""

# Media (§ 8.1, 8.3); the smallest file has one byte more than five
MEDIA_MIN_BYTES = 6
MEDIA_BYTES = {
    "image": 10 * MEGABYTE,
    "voice": 2 * MEGABYTE,
    "video": 10 * MEGABYTE,
    "file": 20 * MEGABYTE,
}
UPLOADED_IMAGE_BYTES = 2 * MEGABYTE
