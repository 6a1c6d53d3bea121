"""Licence plates of Mongolia and Korea: find them, read them, draw them, and train your own models.

Nothing heavy is imported here, so that ``import alpr_utils`` stays fast; TensorFlow loads with the first model.
"""

__version__ = "0.1.0"
