"""What files a message may have, and how its embeds and components name them (docs, *Uploading Files*)."""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.rules.form import Form, as_list, as_object, as_snowflake
from discord_sandbox.world import StoredFile, World

ATTACHMENTS: Final = 10
FILE_BYTES: Final = 10 * 1024 * 1024
REQUEST_BYTES: Final = 25 * 1024 * 1024
_IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
_PICTURES: Final = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file of a multipart request; ``key`` is the number in ``files[n]``."""

    key: int
    filename: str
    content: bytes
    content_type: str


def picture_type(filename: str) -> str | None:
    """Return the media type of a file that is shown as a picture, None of any other. No such kind can hold a script."""
    return _PICTURES.get(PurePosixPath(filename).suffix.lower())


def attachment_names(value: Any) -> set[str]:
    """Return the names that ``attachment://`` addresses use anywhere in embeds or components."""
    if isinstance(value, str):
        return {value.removeprefix("attachment://")} if value.startswith("attachment://") else set()
    inner = as_list(value) or list((as_object(value) or {}).values())
    return {name for element in inner for name in attachment_names(element)}


def read_attachments(world: World, form: Form, files: list[ReceivedFile], kept: list[StoredFile]) -> list[StoredFile]:
    """Return the files of a message: those of ``kept`` that are listed (all, when nothing is listed), and the new ones.

    Raises 50045 for a file over 10 MiB and 30015 for more than ten files.
    """
    if any(len(file.content) > FILE_BYTES for file in files):
        raise refusal(50045)
    listed = form.children("attachments", most=1000)
    new = {file.key: file for file in files}
    known = {attachment.id: attachment for attachment in kept}
    attachments = list(kept) if listed is None else []
    named: dict[int, tuple[str, str | None]] = {}
    for entry in listed or ():
        number = as_snowflake(entry.data.get("id"))
        filename = entry.text("filename", most=1024)
        description = entry.text("description", most=1024)
        if number in new:
            named[number] = (filename or new[number].filename, description)
        elif number in known:
            old = known[number]
            attachments.append(replace(old, description=description) if entry.has("description") else old)
        else:
            entry.fault("id", "ATTACHMENT_NOT_FOUND", f"No file was sent and none is kept with the id {entry.data.get('id')}.")
    for key, file in new.items():
        filename, description = named.get(key, (file.filename, None))
        stored = StoredFile(id=world.new_id(), filename=filename, content=file.content, content_type=file.content_type)
        attachments.append(replace(stored, description=description))
    if len(attachments) > ATTACHMENTS:
        raise refusal(30015)
    return attachments


def check_references(form: Form, embeds: list[Json], components: list[Json], attachments: list[StoredFile]) -> None:
    """Refuse ``attachment://`` addresses of files that are not there, and those in embeds that are no image."""
    names = {attachment.filename for attachment in attachments}
    for field, parts in (("embeds", embeds), ("components", components)):
        for index, part in enumerate(parts):
            for name in sorted(attachment_names(part)):
                place = (field, str(index))
                if name not in names:
                    code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
                    form.fault(place, code, f'The referenced attachment "{name}" was not found.')
                elif field == "embeds" and PurePosixPath(name).suffix.lower() not in _IMAGE_SUFFIXES:
                    message = f'The attachment "{name}" is no image that an embed can show.'
                    form.fault(place, "UNFURLED_MEDIA_ITEM_INVALID_TYPE", message)
