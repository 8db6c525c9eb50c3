"""The Hub as a client: huggingface.co or the Local Hub, by the unmodified huggingface_hub.

Knows accounts, search, Spaces, their logs, and how to say what went wrong. Knows no project and no preview.
"""

from core.hub.accounts import Account, Organization, whoami
from core.hub.client import Hub
from core.hub.copying import SpaceFiles, duplicate_space, space_files
from core.hub.details import about, details
from core.hub.docs import fetch_docs, find_docs
from core.hub.errors import PAID_CHOICE, hub_errors
from core.hub.exploring import explore_docs, gradio_source, read_docs
from core.hub.finding import find_collections, find_papers, find_people
from core.hub.inspecting import inspect_dataset
from core.hub.logs import log_tail, space_log_lines
from core.hub.names import check_name, check_repo
from core.hub.openapi import find_api
from core.hub.profiles import collection, paper, person
from core.hub.ranking import rank, words
from core.hub.repo_files import list_files, read_file
from core.hub.rows import Kind, Row, web_url
from core.hub.search import Page, search
from core.hub.similar import RELEVANT, similar_spaces
from core.hub.space_tools import run_space_tool, space_tools
from core.hub.spaces import (
    STAGES,
    SpaceStatus,
    address_of,
    answer_of,
    control,
    create_space,
    delete_space,
    full_name,
    list_spaces,
    stage_of,
    status,
)
from core.hub.transport import Ticket
from core.hub.wire import Answer, Wire

__all__ = [
    "PAID_CHOICE",
    "RELEVANT",
    "STAGES",
    "Account",
    "Answer",
    "Hub",
    "Kind",
    "Organization",
    "Page",
    "Row",
    "SpaceFiles",
    "SpaceStatus",
    "Ticket",
    "Wire",
    "about",
    "address_of",
    "answer_of",
    "check_name",
    "check_repo",
    "collection",
    "control",
    "create_space",
    "delete_space",
    "details",
    "duplicate_space",
    "explore_docs",
    "fetch_docs",
    "find_api",
    "find_collections",
    "find_docs",
    "find_papers",
    "find_people",
    "full_name",
    "gradio_source",
    "hub_errors",
    "inspect_dataset",
    "list_files",
    "list_spaces",
    "log_tail",
    "paper",
    "person",
    "rank",
    "read_docs",
    "read_file",
    "run_space_tool",
    "search",
    "similar_spaces",
    "space_files",
    "space_log_lines",
    "space_tools",
    "stage_of",
    "status",
    "web_url",
    "whoami",
    "words",
]
