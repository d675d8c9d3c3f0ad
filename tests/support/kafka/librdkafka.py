"""What the Kafka client's Python API does not offer: header names of any bytes, a fatal error, a test cluster."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from typing import Any

from confluent_kafka import Producer

_TOPIC, _VALUE, _KEY, _COPY, _HEADERS, _END = 1, 4, 5, 7, 10, 0


def _library() -> Any:
    bundled = [file for file in files("confluent-kafka") or () if file.name.startswith("librdkafka-")]
    library = ctypes.CDLL(str(bundled[0].locate()))
    library.rd_kafka_headers_new.restype = ctypes.c_void_p
    library.rd_kafka_header_add.argtypes = [
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ssize_t, ctypes.c_char_p, ctypes.c_ssize_t)
    ]
    return library


def _handle(producer: Producer) -> ctypes.c_void_p:
    """librdkafka's handle: the first field after the header of every Python object."""
    return ctypes.c_void_p.from_address(id(producer) + object.__basicsize__)


def produce(producer: Producer, topic: str, value: bytes, key: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Send a message whose header names are bytes."""
    library = _library()
    made = ctypes.c_void_p(library.rd_kafka_headers_new(ctypes.c_size_t(len(headers))))
    for name, content in headers:
        assert library.rd_kafka_header_add(made, name, len(name), content, len(content)) == 0
    code = library.rd_kafka_producev(
        _handle(producer),
        *(_TOPIC, ctypes.c_char_p(topic.encode())),
        *(_VALUE, ctypes.c_char_p(value), ctypes.c_size_t(len(value))),
        *(_KEY, ctypes.c_char_p(key), ctypes.c_size_t(len(key))),
        *(_COPY, 2),
        *(_HEADERS, made),
        _END,
    )
    assert code == 0, code


def end(producer: Producer, code: int) -> None:
    """Give a producer a fatal error, as when the broker has lost what it sent before."""
    _library().rd_kafka_test_fatal_error(_handle(producer), code, b"made by a test")


_OFFSET_FETCH = 9
_NOT_COORDINATOR = 16


@contextmanager
def moving_coordinator(topic: str) -> Iterator[str]:
    """The addresses of a mock cluster of librdkafka, with this topic.

    Its first answer about a group's offsets is NOT_COORDINATOR, as from a broker that has just been restarted.
    """
    library = _library()
    library.rd_kafka_handle_mock_cluster.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 2})
    cluster = ctypes.c_void_p(library.rd_kafka_handle_mock_cluster(_handle(owner)))
    library.rd_kafka_mock_topic_create(cluster, topic.encode(), 1, 1)
    library.rd_kafka_mock_push_request_errors(cluster, _OFFSET_FETCH, ctypes.c_size_t(1), _NOT_COORDINATOR)
    yield library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    owner.flush()
