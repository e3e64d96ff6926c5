"""The data that a page carries in itself, read without a browser: JSON, JavaScript, JSON-LD, microdata, OpenGraph."""

from scraper.page_data.data import Effort, PageData
from scraper.page_data.read import data_in
from scraper.page_data.records import RecordList, record_lists
from scraper.page_data.singles import single_records

__all__ = ["Effort", "PageData", "RecordList", "data_in", "record_lists", "single_records"]
