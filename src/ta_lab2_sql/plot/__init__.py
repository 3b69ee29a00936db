"""Charts of an asset: model: what is drawn, read: how it is read, html and png: how it is drawn."""
