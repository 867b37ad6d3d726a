"""Started by every wrapper: finds the modules beside it, which Python keeps compiled."""

import sys

sys.path.append(__file__.rpartition("/")[0].rpartition("/")[0])

from toolchains.call import main  # type: ignore[import-not-found]

sys.exit(main(sys.argv[1:]))
