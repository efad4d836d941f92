"""Moments, from the job that makes one to its reactions. Source: wecom-api.md § 2.3, § 7."""

from ..translate import _
from .kinds import REPORT_IT, ErrorInfo, ErrorKind

MOMENT_ERRORS = (
    ErrorInfo(
        40088,
        "unknown_job",
        ErrorKind.NOT_FOUND,
        _("WeCom does not know this job; it tells of a job for 24 hours only."),
        _("Look for the moment in the list of moments."),
    ),
    ErrorInfo(
        40089,
        "job_purged",
        ErrorKind.NOT_FOUND,
        _("WeCom no longer keeps the result of this job."),
        _("Look for the moment in the list of moments."),
    ),
    ErrorInfo(
        41059,
        "moment_id_missing",
        ErrorKind.REQUEST_INVALID,
        _("The id of the moment is missing."),
        REPORT_IT,
    ),
    ErrorInfo(
        41060,
        "invalid_moment_id",
        ErrorKind.NOT_FOUND,
        _("WeCom does not know this moment; it may have been deleted."),
        _("Check on a member's phone whether the moment is still there, and that the settings belong to its corp."),
    ),
    ErrorInfo(
        41061,
        "not_published_by_member",
        ErrorKind.CONFLICT,
        _("The moment is not one that this member publishes."),
        _("Synchronise the members who were asked to publish and look again."),
    ),
    ErrorInfo(
        41062,
        "not_published_yet",
        ErrorKind.CONFLICT,
        _("The member has not published the moment yet, so nobody can see it through him."),
        _("Wait until the member publishes, or remind him."),
    ),
    ErrorInfo(
        41067,
        "wrong_kind_of_moment",
        ErrorKind.REQUEST_INVALID,
        _("This works for moments of the company only; the moment is a member's own."),
        _("Ask the member to change or delete his own moment on his phone."),
    ),
    ErrorInfo(
        41078,
        "too_many_moments",
        ErrorKind.QUOTA_EXCEEDED,
        _("Too many moments are being made at the same time."),
        _("Wait until earlier ones are finished and try again."),
    ),
    ErrorInfo(
        41079,
        "moment_in_dispatch",
        ErrorKind.NOT_READY,
        _("WeCom is still handing the moment out to the members."),
        _("Wait some seconds and look again."),
    ),
    ErrorInfo(
        41081,
        "resolution_too_large",
        ErrorKind.REQUEST_INVALID,
        _("A picture has too many pixels."),
        _("Make the picture smaller: at most 1080 pixels on the short side and 10800 on the long one."),
    ),
    ErrorInfo(
        41082,
        "video_too_long",
        ErrorKind.REQUEST_INVALID,
        _("The video is too long."),
        _("Use a video of at most 30 seconds."),
    ),
    ErrorInfo(
        41089,
        "moment_empty",
        ErrorKind.REQUEST_INVALID,
        _("The moment has neither a text nor a picture, video or link."),
        _("Write a text or add a picture, video or link."),
    ),
)
