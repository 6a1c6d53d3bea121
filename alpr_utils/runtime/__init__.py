"""A stored network as a function of NumPy arrays, by onnxruntime or TensorFlow; and the export to ONNX.

Imports models and errors. Nothing here loads TensorFlow or Keras as long as a folder has its ``model.onnx``.
"""
