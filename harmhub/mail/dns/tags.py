"""Lists of tags, as DKIM and DMARC records have them (RFC 6376, 3.2)."""

from dkim.util import InvalidTagValueList, parse_tag_value


def tags_of(text: str) -> dict[bytes, bytes]:
    """Return the tags of a record, {} where it is no such list."""
    try:
        return parse_tag_value(text.encode("ascii", "replace"))
    except InvalidTagValueList:
        return {}


def words_of(tags: dict[bytes, bytes], name: bytes, default: bytes = b"") -> set[bytes]:
    """Return the words of a tag that holds several, with colons between them."""
    return {word.strip().lower() for word in tags.get(name, default).split(b":")}
