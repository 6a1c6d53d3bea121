"""Videos and cameras: frames in, plates followed from frame to frame, one text a vehicle, events out.

``frames`` -> ``tracker`` -> ``votes`` -> ``vehicles`` is the way of a video. May import the facade ``alpr`` and the
ground floor (``results``, ``images``, ``plates``, ``boxes``, ``errors``). Needs the extra ``[video]``: PyAV and SciPy.
"""
