"""Let Scrapy's feed exports (`-O books.jsonl`) and other extensions read what our spiders find."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from itemadapter.adapter import AdapterInterface

from models.record import Found, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView


class FoundAdapter(AdapterInterface):
    """Show a Found as a mapping: its clean values, or the raw ones before the clean step.

    The field names come from the document, so an export's columns are written nowhere else.
    """

    item: Found

    @classmethod
    def is_item_class(cls, item_class: type) -> bool:
        """Return whether this adapter serves `item_class`."""
        return issubclass(item_class, Found)

    def get_field_meta(self, field_name: str) -> MappingProxyType[str, Any]:
        """Return how exporters write a field: times as ISO 8601 with their offset."""
        return MappingProxyType({"serializer": _exportable})

    def field_names(self) -> KeysView[str]:
        """Return the document's own fields and `url`, in the document's order."""
        return dict.fromkeys((*schema_of(self.item.document).content, "url")).keys()

    def __getitem__(self, field_name: str) -> Any:
        return self.item[field_name]

    def __setitem__(self, field_name: str, value: Any) -> None:
        self.item[field_name] = value

    def __delitem__(self, field_name: str) -> None:
        del self.item[field_name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.field_names() if name in self.item)

    def __len__(self) -> int:
        return len(self.item.shown)


def register() -> None:
    """Make ItemAdapter know Found; calling it again changes nothing."""
    if FoundAdapter not in ItemAdapter.ADAPTER_CLASSES:
        ItemAdapter.ADAPTER_CLASSES = [FoundAdapter, *ItemAdapter.ADAPTER_CLASSES]


def _exportable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
