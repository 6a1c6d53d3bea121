"""The generator: plates, plate crops and street scenes with exact labels.

``glyphs`` draws characters, ``plate`` a plate seen from straight ahead, ``photo`` the photo of one plate, ``vehicle``
the vehicles of a street; ``scene`` composes street pictures quickly, ``raytraced`` renders them slowly; ``files``
writes data sets. Imports go one way: files -> raytraced, scene -> vehicle, photo -> plate -> glyphs. Outside itself
the package imports ``plates``, ``images`` and ``errors``, and in ``files`` also ``data`` and ``models.label_map``.
"""
