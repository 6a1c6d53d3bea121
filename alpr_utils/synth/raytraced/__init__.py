"""raytraced."""
