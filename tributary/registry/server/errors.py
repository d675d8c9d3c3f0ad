"""The errors that the registry answers with: HTTP status, Confluent's error code and message."""

from __future__ import annotations


class ApiError(Exception):
    """An error answer.

    `status` is the HTTP status. `code` is Confluent's error code: the status, or five digits that start with it.
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def not_found() -> ApiError:
    return ApiError(404, 404, "HTTP 404 Not Found")


def subject_not_found(subject: str) -> ApiError:
    return ApiError(404, 40401, f"Subject '{subject}' not found.")


def version_not_found(version: int) -> ApiError:
    return ApiError(404, 40402, f"Version {version} not found.")


def schema_not_found(what: object = None) -> ApiError:
    return ApiError(404, 40403, "Schema not found" if what is None else f"Schema {what} not found")


def subject_soft_deleted(subject: str) -> ApiError:
    return ApiError(404, 40404, f"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently")


def subject_not_soft_deleted(subject: str) -> ApiError:
    return ApiError(404, 40405, f"Subject '{subject}' was not deleted first before being permanently deleted")


def version_soft_deleted(subject: str, version: str) -> ApiError:
    text = f"Subject '{subject}' Version {version} was soft deleted. Set permanent=true to delete permanently"
    return ApiError(404, 40406, text)


def version_not_soft_deleted(subject: str, version: int) -> ApiError:
    text = f"Subject '{subject}' Version {version} was not deleted first before being permanently deleted"
    return ApiError(404, 40407, text)


def config_not_found(subject: str) -> ApiError:
    return ApiError(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")


def mode_not_found(subject: str) -> ApiError:
    return ApiError(404, 40409, f"Subject '{subject}' does not have subject-level mode configured")


def incompatible(subject: str, messages: list[str]) -> ApiError:
    text = f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'
    return ApiError(409, 40901, f"{text}, details: [{', '.join(messages)}]")


def invalid_schema(reason: str) -> ApiError:
    return ApiError(422, 42201, f"Invalid schema: {reason}")


def invalid_version(version: str) -> ApiError:
    text = f"The specified version '{version}' is not a valid version id."
    return ApiError(422, 42202, f'{text} Allowed values are between [1, 2^31-1] and the string "latest"')


def invalid_level() -> ApiError:
    values = "NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, FORWARD_TRANSITIVE, FULL and FULL_TRANSITIVE"
    return ApiError(422, 42203, f"Invalid compatibility level. Valid values are {values}")


def invalid_mode() -> ApiError:
    values = "READWRITE, READONLY, READONLY_OVERRIDE, IMPORT and FORWARD"
    return ApiError(422, 42204, f"Invalid mode. Valid values are {values}")


def not_permitted(message: str) -> ApiError:
    return ApiError(422, 42205, message)


def reference_exists(subject: str, version: int) -> ApiError:
    return ApiError(422, 42206, f"One or more references exist to the schema {{subject={subject},version={version}}}.")


def invalid_subject(subject: str) -> ApiError:
    return ApiError(422, 42208, f"The specified subject {subject!r} is not a valid.")


def schema_too_large() -> ApiError:
    return ApiError(422, 42209, "Register operation failed because schema is too large")


def bad_request(message: str) -> ApiError:
    return ApiError(400, 400, message)
