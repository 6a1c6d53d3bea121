"""The classical reader: segmentation, a small character classifier, dynamic programming. May import what `read` may."""
