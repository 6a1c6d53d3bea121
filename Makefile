PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests run in this many processes; each one with TensorFlow takes about 1.5 GB.
PROCESSES ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal

# The Object Detection API knows Python 3.10 and 3.11.
API_PYTHON ?= python3.11
API_VENV := .venv-object-detection-api
API_BIN := $(API_VENV)/bin
API_RUN := runs/object_detection_api
API_MODELS := ssd_mobilenet_v2 faster_rcnn_resnet50
API_STEPS ?= 4
API_BATCH ?= 2

.PHONY: demo notebook app lesson test test-fast test-slow test-versions fuzz audit lint object-detection-api clean

$(VENV)/runtime.done: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt -e .
	touch $@

$(VENV)/dev.done: requirements-dev.txt $(VENV)/runtime.done
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

# Reads the plates of mongol_alpr_images/ into mongol_alpr_output/.
demo: $(VENV)/runtime.done
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/jupyter nbconvert --to html --execute --ExecutePreprocessor.store_widget_state=False --output-dir mongol_alpr_output notebooks/test_exported_model.ipynb
	@echo "Done: open mongol_alpr_output/test_exported_model.html, the drawings and plates.csv beside it."

# Opens the course in the browser.
notebook: $(VENV)/runtime.done
	$(BIN)/jupyter notebook notebooks/test_exported_model.ipynb

# Opens the live demos of the lessons as an app, for this computer only.
app: $(VENV)/runtime.done
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python notebooks/app.py

# Runs one lesson again and keeps its outputs: make lesson NAME=boxes.
lesson: $(VENV)/runtime.done
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python .ci/run_notebooks notebooks/$(NAME).ipynb

lint: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Everything that continuous integration runs on one interpreter.
test: lint
	$(PYTEST)

# What is not marked slow: about a minute.
test-fast: lint
	$(PYTEST) -m "not slow"

# What is marked slow, with a minute of damaged files for each loader.
test-slow: lint
	FUZZ_SECONDS=60 $(PYTEST) -m slow

# Archives and the service with what is too large for every environment: Ray, and an object store on this machine.
test-scale: $(VENV)/dev.done
	$(BIN)/python -m pip install --quiet "ray>=2.40,<3" "s3fs>=2024.6" "moto[s3,server]>=5,<6"
	$(PYTEST) tests/serve

# Ten minutes of damaged and hostile files for each loader, and 20 kills of each command; before a release.
FUZZ_SECONDS ?= 600
KILLS ?= 20
fuzz: $(VENV)/dev.done
	FUZZ_SECONDS=$(FUZZ_SECONDS) KILLS=$(KILLS) $(PYTEST) tests/fuzz

# Known vulnerabilities of the pinned packages; says so where the service that knows them is not reached.
audit: $(VENV)/dev.done
	$(BIN)/python .ci/audit

# The fast tests on Python 3.10 to 3.13, each in an environment of its own; interpreters that are missing are named.
test-versions:
	PROCESSES=$(PROCESSES) .ci/test-versions

$(API_VENV)/done: requirements-object-detection-api.txt
	$(API_PYTHON) -m venv $(API_VENV)
	$(API_BIN)/python -m pip install --quiet --upgrade pip
	$(API_BIN)/python -m pip install --quiet -r requirements-object-detection-api.txt
	touch $@

# Shows that the TensorFlow Object Detection API trains on our files and that its exports run here: 3 GB, some minutes.
object-detection-api: $(VENV)/runtime.done $(API_VENV)/done
	rm -rf $(API_RUN)
	$(BIN)/python -m alpr_utils generate scenes --count 16 --out $(API_RUN)/train
	$(BIN)/python -m alpr_utils generate scenes --count 4 --seed 1 --out $(API_RUN)/val
	$(foreach part,train val,$(BIN)/python -m alpr_utils tfrecord --data $(API_RUN)/$(part) --class plate \
		--name $(part) --per-file 8 --out $(API_RUN)/tfrecord &&) true
	$(foreach model,$(API_MODELS),$(API_BIN)/python object_detection_api/train_and_export.py \
		object_detection_api/$(model).config --steps $(API_STEPS) --batch $(API_BATCH) \
		--run $(API_RUN)/$(model) --output $(API_RUN)/models/$(model) &&) true
	$(BIN)/python object_detection_api/check_exports.py $(API_RUN)/val $(API_MODELS:%=$(API_RUN)/models/%)

clean:
	rm -rf $(VENV) $(API_VENV) .venv-3.*
