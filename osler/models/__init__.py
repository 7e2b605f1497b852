"""SELECT: models behind one protocol. Endpoints, local and embedded models, and wrappers that are models too."""
