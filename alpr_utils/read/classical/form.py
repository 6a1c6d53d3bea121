"""What the classical reader has to know of the plates that it reads, taken from the first country that it can read."""

from alpr_utils.plates import COUNTRIES

PLATES = next(plates for plates in COUNTRIES.values() if plates.classical)
ALPHABET = PLATES.alphabet
FORM = PLATES.forms[0]
SLOTS = tuple("".join(char for char in ALPHABET if char in slot) for slot in FORM.slots)
"""For each position of the text the characters that may stand there: digits first, then letters."""
DIGIT_SLOTS = sum(slot.isdigit() for slot in SLOTS)
DIGITS, LETTERS = SLOTS[0], SLOTS[-1]
DIGIT_LIKE, LETTER_LIKE = PLATES.lookalikes[0]
"""A digit and a letter of the same shape."""
REGION = next(part for part in FORM.parts if part.name == "region")
"""The first two letters."""
