"""Decode a batch of messages, a field at a time for all rows, into columns of numpy arrays.

>>> import json
>>> from tributary.avro import ColumnReader, encoder
>>> from tributary.avro.wire import frame
>>> click = {
...     "type": "record",
...     "name": "Click",
...     "fields": [{"name": "page", "type": "string"}, {"name": "at", "type": "long"}],
... }
>>> encode = encoder(click, keys=True)
>>> messages = [frame(7, encode({"page": page, "at": at})) for at, page in enumerate(["/cart", "/", "/cart"])]
>>> reader = ColumnReader(click, ["page", "at"], lambda schema_id: json.dumps(click))
>>> result = reader.read([*messages, b"no frame"])
>>> [batch] = result.batches
>>> batch.strings("page").tolist(), batch.integers("at").tolist()
(['/cart', '/', '/cart'], [0, 1, 2])
>>> result.failures
{3: 'the value begins with byte 0x6e, expected the magic byte 0x00'}
"""
