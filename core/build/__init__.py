"""From an idea to the files of a Space, and what becomes of those files: plan, templates, projects, checks.

Owns `space_templates/`, the tables that read ideas, and the projects' repositories. Knows nothing of the Hub,
of previews or of pages; no network, no model.
"""

from core.build.analysis import Analysis, Need, analyze
from core.build.archive import read_zip, write_zip
from core.build.card import GRADIO_VERSION, Card, parse_card, read_card, write_card
from core.build.checks import find_credentials, preflight
from core.build.edits import Applied, Edit, Edited, apply_edits
from core.build.facts import Facts
from core.build.finding import Finding
from core.build.generation import Generated, generate
from core.build.imports import undeclared
from core.build.paths import check_path, check_set
from core.build.project import FileInfo, Project
from core.build.projects import Projects
from core.build.selection import Match, Selection, select
from core.build.syntax import check_syntax
from core.build.tarball import read_tar
from core.build.templates import Manifest, Template, templates
from core.build.upload import uploaded
from core.build.words import slug_of

__all__ = [
    "GRADIO_VERSION",
    "Analysis",
    "Applied",
    "Card",
    "Edit",
    "Edited",
    "Facts",
    "FileInfo",
    "Finding",
    "Generated",
    "Manifest",
    "Match",
    "Need",
    "Project",
    "Projects",
    "Selection",
    "Template",
    "analyze",
    "apply_edits",
    "check_path",
    "check_set",
    "check_syntax",
    "find_credentials",
    "generate",
    "parse_card",
    "preflight",
    "read_card",
    "read_tar",
    "read_zip",
    "select",
    "slug_of",
    "templates",
    "undeclared",
    "uploaded",
    "write_card",
    "write_zip",
]
