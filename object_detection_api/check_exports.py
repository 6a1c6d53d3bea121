"""Run exports of the Object Detection API through `load_detector` on a labelled scene; exit status 1 if one fails.

Runs in the everyday environment: python object_detection_api/check_exports.py SCENES MODEL...
"""

import sys
import time
from pathlib import Path

from alpr_utils.data.pictures import load_pictures
from alpr_utils.detect.exported import load_detector
from alpr_utils.errors import AlprError
from alpr_utils.images import read_image
from alpr_utils.models.tf_import import import_tensorflow_quietly


def main(scenes: Path, models: list[Path]) -> int:
    """Say what each model finds on the first of ``scenes``; the exit status."""
    import_tensorflow_quietly()
    image = read_image(load_pictures(scenes)[0][0].path)
    failed = False
    for model in models:
        try:
            detector = load_detector(model)
            found = detector.detect(image, min_score=0.0)  # after a few steps no score is high
            start = time.perf_counter()
            detector.detect(image)
        except AlprError as error:
            print(f"error: {error}", file=sys.stderr)
            failed = True
            continue
        milliseconds = 1000 * (time.perf_counter() - start)
        failed = failed or not found
        best = f"best {found[0].score:.3f} '{found[0].label}'" if found else "not one"
        print(f"{detector.name}: {len(found)} boxes, {best}, {milliseconds:.0f} ms")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(model) for model in sys.argv[2:]]))
