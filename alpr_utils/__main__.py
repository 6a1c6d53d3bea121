"""``python -m alpr_utils``."""

import sys

from alpr_utils.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
