"""``python -m alpr_utils`` and the command ``alpr``."""

import sys


def main() -> int:
    """Run the command line; Ctrl-C while it still loads ends it with a sentence, too."""
    try:
        from alpr_utils.cli.app import main as run

        return run()
    except KeyboardInterrupt:
        print("error: stopped; give the same command again.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
