"""What pyproject.toml cannot say: the models, which lie beside the package, are installed inside it."""

from setuptools import find_namespace_packages, find_packages, setup

MODELS = "alpr_utils.exported_models"
folders = [MODELS, *(f"{MODELS}.{name}" for name in find_namespace_packages("exported_model_directory"))]

setup(
    packages=[*find_packages(include=["alpr_utils", "alpr_utils.*"]), *folders],
    package_dir={MODELS: "exported_model_directory"},
    package_data={
        "": ["*.ttf", "*.txt", "*.csv", "*.html", "py.typed", "fonts/*", "fonts/hangul/*"],
        **{folder: ["*"] for folder in folders},
    },
    include_package_data=False,
)
