PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test notebook clean

$(VENV)/runtime.done: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/dev.done: requirements-dev.txt $(VENV)/runtime.done
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

demo: $(VENV)/runtime.done  ## read the plates of mongol_alpr_images/ into mongol_alpr_output/
	$(BIN)/python -m alpr_utils notebook notebooks/test_exported_model.ipynb

notebook: $(VENV)/runtime.done  ## open the course in the browser
	$(BIN)/jupyter notebook notebooks/test_exported_model.ipynb

test: $(VENV)/dev.done  ## everything that continuous integration runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

clean:
	rm -rf $(VENV) runs
