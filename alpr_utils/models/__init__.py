"""Model folders: where they are, their metadata and checksums, their weights and label maps; Darknet's weights.

Imports errors only.
"""
