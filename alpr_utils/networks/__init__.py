"""Keras networks and what they share: backbone, anchors, box arithmetic, losses.

Imports boxes and errors. `configs`, `anchors` and `array_ops` load without Keras; the networks are written in
`keras.ops` only, so that they train on TensorFlow, JAX and PyTorch.
"""
