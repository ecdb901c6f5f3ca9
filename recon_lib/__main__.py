"""``python -m recon_lib``: the command line."""

import sys

from recon_lib.cli.main import main

sys.exit(main())
