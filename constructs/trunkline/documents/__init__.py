"""Files with places: reading them, saying what is wrong and where, writing them whole."""
