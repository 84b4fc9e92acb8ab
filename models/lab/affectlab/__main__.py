"""``python -m affectlab``."""

import sys

from .cli import main

# The guard matters: training starts processes that import this module.
if __name__ == "__main__":
    sys.exit(main())
