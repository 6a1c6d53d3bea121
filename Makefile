PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo notebook test clean

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
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/jupyter nbconvert --to html --execute --output-dir mongol_alpr_output notebooks/test_exported_model.ipynb
	@echo "Done: open mongol_alpr_output/test_exported_model.html, the drawings and plates.csv beside it."

# Opens the course in the browser.
notebook: $(VENV)/runtime.done
	$(BIN)/jupyter notebook notebooks/test_exported_model.ipynb

# Everything that continuous integration runs.
test: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

clean:
	rm -rf $(VENV)
