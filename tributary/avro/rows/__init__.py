"""Encode and decode one event at a time, with a function generated for its schema.

>>> from tributary.avro import decoder, encoder
>>> click = {"type": "record", "name": "Click", "fields": [{"name": "page", "type": "string"}]}
>>> encode = encoder(click, keys=True)
>>> encode({"page": "/cart"})
b'\\n/cart'

A reader schema resolves what an older one wrote:

>>> later = {**click, "fields": [*click["fields"], {"name": "visits", "type": "int", "default": 1}]}
>>> decoder(click, later)(encode({"page": "/cart"}))
{'page': '/cart', 'visits': 1}
"""
