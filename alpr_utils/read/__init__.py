"""Plate readers: a crop of one plate goes in, its text comes out."""
