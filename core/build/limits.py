"""How large things may be. Every room that stores somebody's files reads the same numbers."""

IDEA_BYTES = 20_000
FILE_BYTES = 10_000_000
PROJECT_BYTES = 50_000_000
PROJECT_FILES = 2_000
PROJECTS_PER_OWNER = 50
ZIP_ENTRIES = 4_000  # files and folders together
ZIP_RATIO = 200  # unpacked bytes per packed byte, once an archive unpacks to more than 1 MB
PATH_PART_BYTES = 255
PATH_BYTES = 1_000
