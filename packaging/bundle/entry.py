"""What PyInstaller starts: the window, the command line or an engine child, as `python -m deskclassify` does."""

import sys

from deskclassify.__main__ import main

sys.exit(main())
