"""Clickstream files: what comes out equals an independent pass, and bad rows cost only themselves."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.replay.clickstream import Batch, Clickstream, ClickstreamError
from producers.replay.events import WINDOW_MS, Columns, Router, uuids
from producers.replay.rejects import Rejects
from producers.replay.rows import KINDS, Parser, Reject, Rows
from schemas.events import CartAction, CartUpdated, Event, ProductViewed, PurchaseCompleted, PurchaseItem
from tests.support.paths import ROOT

SAMPLE = ROOT / "data" / "clickstream-sample.csv"
NARROW = ("event_time", "event_type", "product_id", "price", "user_id", "user_session")
WIDE = (*NARROW, "category_id", "category_code", "brand")
START = 1_664_582_400
GOOD = "2022-10-01 00:00:07 UTC,view,5773203,2.62,463240011,26dd6e6e-4dac-4778-8d2c-92e149dab885"


Row = tuple[object, ...]
"""A row as the values of the columns of Rows."""


def rows_of(batches: Iterable[Batch]) -> list[Row]:
    return [row for batch in batches for row in zip(*batch.rows, strict=True)]


def read(path: Path, currency: str = "USD") -> tuple[list[Row], list[Reject]]:
    batches = list(Clickstream(path, currency))
    return rows_of(batches), [reject for batch in batches for reject in batch.rejects]


def records(contract: type[Event], columns: Columns) -> list[Event]:
    found: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for order in found if contract is PurchaseCompleted else []:
        order["items"] = tuple(PurchaseItem(**item) for item in order["items"])
    return [contract(**event) for event in found]


def events_of(router: Router, parts: Iterable[Rows]) -> list[Event]:
    """The views, then the cart changes, then the orders."""
    routed = [*(router.route(part) for part in parts), router.close()]
    contracts = (ProductViewed, CartUpdated, PurchaseCompleted)
    return [event for each in contracts for part in routed for event in records(each, part.get(each, {}))]


def events(path: Path, currency: str = "USD") -> list[Event]:
    return events_of(Router(currency), (batch.rows for batch in Clickstream(path, currency)))


def written(tmp_path: Path, text: str | bytes, name: str = "clicks.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def good(tmp_path: Path, line: str, currency: str = "USD") -> dict[str, object]:
    """The row of a file that has this line alone."""
    (row,), rejects = read(written(tmp_path, f"{','.join(NARROW)}\n{line}\n"), currency)
    assert not rejects
    return dict(zip(Rows._fields, row, strict=True))


# ---- against an independent pass ---------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=6)


@st.composite
def clicks(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows in the order of their time, with few users, sessions and products, so that they repeat and interleave."""
    rows = []
    second = START
    for _ in range(draw(st.integers(0, 40))):
        second += draw(st.sampled_from([0, 0, 0, 1, 2, 30]))
        rows.append(
            {
                "event_time": datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
                "event_type": draw(st.sampled_from([*KINDS, "purchase"])),
                "product_id": draw(st.sampled_from(["5773203", "5881589", "31"])),
                "price": draw(st.sampled_from(["2.62", "0.6", "13", "0.07", "1999.90", "0.00"])),
                "user_id": draw(st.sampled_from(["463240011", "429681830"])),
                "user_session": draw(st.sampled_from(["26dd6e6e", "49e8d843"])),
                "category_id": "1487580005092295511",
                "category_code": draw(st.sampled_from(["", "appliances.kitchen.mixer", "apparel"])),
                "brand": draw(st.one_of(st.just(""), TEXT)),
            }
        )
    return rows


@settings(max_examples=150)
@given(
    rows=clicks(),
    columns=st.sampled_from([NARROW, WIDE]).flatmap(lambda names: st.permutations(names)),
    line_end=st.sampled_from(["\n", "\r\n"]),
    packed=st.booleans(),
    bom=st.booleans(),
)
def test_the_events_equal_an_independent_pass(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, str]],
    columns: list[str],
    line_end: str,
    packed: bool,
    bom: bool,
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode("utf-8-sig" if bom else "utf-8")
    path = written(tmp_path_factory.mktemp("clicks"), gzip.compress(content) if packed else content)

    sent = events(path)

    cart = {CartAction.ADD: "cart", CartAction.REMOVE: "remove_from_cart"}
    simple, items, orders, revenue = Counter(), Counter(), Counter(), 0
    for event in sent:
        who = (event.user_id, event.session_id, event.occurred_at)
        if isinstance(event, ProductViewed):
            simple["view", event.product_id, event.price_minor, event.category, *who] += 1
        elif isinstance(event, CartUpdated):
            simple[cart[event.action], event.product_id, event.price_minor, event.quantity, *who] += 1
        else:
            orders[who] += 1
            items.update((item.product_id, item.price_minor, item.quantity, *who) for item in event.items)
            revenue += event.total_minor

    simple_, items_, orders_, revenue_ = Counter(), Counter(), set(), Decimal(0)
    for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        at = datetime.strptime(row["event_time"], "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
        who = (row["user_id"], row["user_session"], int(at.timestamp()) * 1000)
        minor = int(Decimal(row["price"]) * 100)
        if row["event_type"] == "purchase":
            orders_.add(who)
            items_[row["product_id"], minor, 1, *who] += 1
            revenue_ += Decimal(row["price"])
        else:
            extra = (row.get("category_code") or None) if row["event_type"] == "view" else 1
            simple_[row["event_type"], row["product_id"], minor, extra, *who] += 1
    assert simple == simple_
    assert items == items_
    assert orders == Counter(orders_), "one order for each session, user and second"
    assert revenue == revenue_ * 100
    assert len({event.event_id for event in sent}) == len(sent)


LINES = st.lists(
    st.one_of(
        st.just(GOOD),
        st.builds(
            lambda old, new: GOOD.replace(old, new),
            st.sampled_from([*GOOD.split(","), ",", "2022-10", "\n", "26dd"]),
            st.one_of(
                st.sampled_from(
                    ["", "x", '"', "5.32", "0.6", "view", "cart", ",", "\r", "\ud800", "é", '"a,b"', "2022-09"]
                ),
                st.text(st.characters(exclude_characters="\n"), max_size=3),
            ),
        ),
        st.sampled_from(["", " ", "\r", ",,,,,", "a", GOOD + "\r", GOOD + "\r\r"]),
        st.sampled_from([GOOD.rpartition(",")[0], GOOD + ",more"]),
    ),
    max_size=5,
)


@settings(max_examples=500)
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", ""]), wide=st.booleans())
def test_lines_parsed_together_are_what_they_are_alone(lines: list[str], end: str, wide: bool) -> None:
    names = (*NARROW, "category_code") if wide else NARROW
    text = "".join(f"{line}{',apparel' if wide else ''}\n" for line in lines).removesuffix("\n") + end
    if not text:
        return
    rows, rejects = Parser(names, "USD").parse(text, 2)
    alone = Parser(names, "USD")
    apart = [
        alone.parse(line, number) for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), 2) if line.strip()
    ]
    assert list(zip(*rows, strict=True)) == [row for part, _ in apart for row in zip(*part, strict=True)]
    assert rejects == [reject for _, part in apart for reject in part]


def test_a_line_lends_no_field_to_the_next(tmp_path: Path) -> None:
    at, kind, product, price, user, session = GOOD.split(",")
    header = "user_id,event_time,event_type,product_id,price,user_session"
    lines = [f"{user},{at},{kind},{product},{price},{session},more", f"{at},{kind},{product},{price},{session}"]
    rows, rejects = read(written(tmp_path, "\n".join([header, *lines, ""])))
    assert not rows
    assert [reject.expected for reject in rejects] == ["6 fields, got 7", "6 fields, got 5"]


@settings(max_examples=150)
@given(
    rows=clicks(),
    mixed=st.booleans(),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    most_rows=st.sampled_from([2, 999]),
)
def test_however_the_rows_are_cut_the_events_are_the_same(
    rows: list[dict[str, str]], mixed: bool, cuts: list[int], most_rows: int
) -> None:
    if mixed:
        rows = sorted(rows, key=lambda row: row["price"])
    whole, _ = Parser(WIDE, "USD").parse(
        "".join(",".join(row[name] for name in WIDE) + "\n" for row in rows) or "\n", 2
    )
    places = sorted({0, *cuts, len(rows)})
    parts = [Rows(*(column[start:end] for column in whole)) for start, end in pairwise(places)]  # type: ignore[arg-type]

    sent = events_of(Router("USD", most_rows), parts)

    assert sent == events_of(Router("USD", most_rows), [whole])
    assert sent == events_of(Router("USD", most_rows), whole.by_time())
    assert len({event.event_id for event in sent}) == len(sent)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_ids_are_those_of_the_standard_library(names: list[str]) -> None:
    namespace = UUID("5b0c6f6e-2d5c-5d0a-9a4e-7f1f5b8f2c11")
    assert uuids(names) == [str(uuid5(namespace, name)) for name in names]


def test_the_column_order_does_not_change_the_ids(tmp_path: Path) -> None:
    with SAMPLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    turned = io.StringIO()
    writer = csv.DictWriter(turned, sorted(WIDE))
    writer.writeheader()
    writer.writerows(rows)
    assert events(written(tmp_path, turned.getvalue())) == events(SAMPLE)


def test_the_sample_is_good() -> None:
    rows, rejects = read(SAMPLE)
    kinds = Counter(kind for kind, *_ in rows)
    assert not rejects
    assert kinds.total() == sum(1 for _ in SAMPLE.open()) - 1
    assert kinds.keys() == set(KINDS)


# ---- ids and orders ----------------------------------------------------------------------------


def test_ids_are_uuids_of_version_5() -> None:
    sent = events(SAMPLE)
    assert {UUID(event.event_id).version for event in sent} == {5}
    assert all(str(UUID(event.event_id)) == event.event_id for event in sent)


def test_equal_rows_are_events_of_their_own_and_the_same_ones_again(tmp_path: Path) -> None:
    path = written(tmp_path, "\n".join([",".join(NARROW), *[GOOD] * 3, *[GOOD.replace("view", "purchase")] * 2, ""]))
    first, again = events(path), events(path)
    assert first == again
    assert len({event.event_id for event in first}) == 4
    (order,) = [event for event in first if isinstance(event, PurchaseCompleted)]
    assert [(item.product_id, item.quantity) for item in order.items] == [("5773203", 1)] * 2


def test_a_file_twice_in_one_file_is_twice_the_events(tmp_path: Path) -> None:
    header, *rows = SAMPLE.read_text().splitlines(keepends=True)
    once, twice = events(SAMPLE), events(written(tmp_path, "".join([header, *rows, *rows])))
    assert len(twice) == 2 * len(once)
    assert len({event.event_id for event in twice}) == len(twice)
    assert all(event in twice for event in once)


@pytest.mark.parametrize(("late_ms", "orders"), [(WINDOW_MS, [2]), (WINDOW_MS + 1000, [1, 1])])
def test_rows_a_little_out_of_order_are_one_order(tmp_path: Path, late_ms: int, orders: list[int]) -> None:
    bought = GOOD.replace("view", "purchase")
    between = GOOD.replace("00:00:07", f"00:00:{7 + late_ms // 1000:02d}")
    sent = events(written(tmp_path, "\n".join([",".join(NARROW), bought, between, bought, ""])))
    found = [event for event in sent if isinstance(event, PurchaseCompleted)]
    assert [len(event.items) for event in found] == orders
    assert len({event.order_id for event in found}) == len(found), "no repetition, but a second purchase"


def test_a_file_without_order_loses_no_row_and_no_cent(tmp_path: Path) -> None:
    header, *rows = SAMPLE.read_text().splitlines(keepends=True)
    sent = events(written(tmp_path, "".join([header, *sorted(rows, key=lambda row: row[::-1])])))
    was = events(SAMPLE)

    def bought(found: list[Event]) -> int:
        return sum(event.total_minor for event in found if isinstance(event, PurchaseCompleted))

    assert bought(sent) == bought(was)
    assert sum(not isinstance(e, PurchaseCompleted) for e in sent) == sum(
        not isinstance(e, PurchaseCompleted) for e in was
    )
    assert len({event.event_id for event in sent}) == len(sent)


@pytest.mark.parametrize("step", [0, 1], ids=["all in one second", "second after second"])
def test_a_large_file_needs_no_more_memory_than_a_small_one(tmp_path: Path, step: int) -> None:
    def peak(rows: int) -> int:
        with (tmp_path / "large.csv").open("w") as file:
            file.write(",".join(NARROW) + "\n")
            for number in range(rows):
                at = datetime.fromtimestamp(START + number * step, UTC)
                kind = "purchase" if number % 20 == 0 else "view"
                file.write(f"{at:%Y-%m-%d %H:%M:%S} UTC,{kind},{number},2.62,46,s{number}\n")
        router = Router("USD", most_rows=1000)
        tracemalloc.start()
        routed = (router.route(batch.rows) for batch in Clickstream(tmp_path / "large.csv"))
        count = sum(len(columns["event_id"]) for part in routed for columns in part.values())
        count += len(router.close()[PurchaseCompleted]["event_id"])
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == rows
        return top

    assert peak(30_000) < 2 * peak(6_000), "five times the rows"


# ---- bad rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (GOOD.replace("view", "wish"), "event_type", "wish"),
        (GOOD.replace("view", ""), "event_type", ""),
        (GOOD.replace("2.62", "abc"), "price", "abc"),
        (GOOD.replace("2.62", ""), "price", ""),
        (GOOD.replace("2.62", "-2.62"), "price", "-2.62"),
        (GOOD.replace("2.62", "2.625"), "price", "2.625"),
        (GOOD.replace("2.62", "nan"), "price", "nan"),
        (GOOD.replace("2.62", "1e3"), "price", "1e3"),
        (GOOD.replace("2.62", "٢"), "price", "٢"),
        (GOOD.replace("2.62", "99999999999999"), "price", "99999999999999"),
        (GOOD.replace("5773203", ""), "product_id", ""),
        (GOOD.replace("463240011", ""), "user_id", ""),
        (GOOD.replace("26dd6e6e-4dac-4778-8d2c-92e149dab885", ""), "user_session", ""),
        (GOOD.replace(" UTC", ""), "event_time", "2022-10-01 00:00:07"),
        (GOOD.replace("2022-10-01", "2022-13-01"), "event_time", "2022-13-01 00:00:07 UTC"),
        (GOOD.replace("00:00:07", "00:00:60"), "event_time", "2022-10-01 00:00:60 UTC"),
        (GOOD.replace("2022-10-01 00:00:07 UTC", "1664582407"), "event_time", "1664582407"),
        (GOOD.rpartition(",")[0], "line", GOOD.rpartition(",")[0]),
        (GOOD + ",more", "line", GOOD + ",more"),
        (GOOD.replace("view", '"view'), "line", GOOD.replace("view", '"view')),
    ],
)
def test_a_bad_row_is_named_by_line_field_and_value(tmp_path: Path, line: str, field: str, value: str) -> None:
    path = written(tmp_path, "\n".join([",".join(NARROW), GOOD, line, "", GOOD, ""]))
    (before, after), (reject,) = read(path)
    assert before == after, "the rest goes on"
    assert (reject.line, reject.field, reject.value, reject.text) == (3, field, value, line)
    assert field in reject.reason
    assert reject.expected in reject.reason


def test_bytes_that_are_not_utf8_cost_their_row_alone(tmp_path: Path) -> None:
    bad = GOOD.encode().replace(b"5773203", b"57\xff03")
    path = written(tmp_path, b"\n".join([",".join(NARROW).encode(), GOOD.encode(), bad, GOOD.encode(), b""]))
    (before, after), (reject,) = read(path)
    assert before == after
    assert reject.field == "line"
    rejects = Rejects(tmp_path / "rejects.csv", path, ",".join(NARROW), lambda _: None)
    rejects.add(reject)
    assert rejects.path.read_bytes().splitlines()[1].endswith(bad)


@pytest.mark.parametrize("columns", [NARROW, NARROW[::-1], (*NARROW, "brand"), (*NARROW[2:], *NARROW[:2])])
def test_wherever_the_file_is_cut_no_half_value_passes(tmp_path: Path, columns: tuple[str, ...]) -> None:
    row = dict(zip(NARROW, GOOD.split(","), strict=True)) | {"brand": "runail"}
    line = ",".join(row[column] for column in columns)
    header = ",".join(columns)
    (whole,), _ = read(written(tmp_path, f"{header}\n{line}\n"))
    for length in range(1, len(line)):
        rows, rejects = read(written(tmp_path, f"{header}\n{line}\n{line[:length]}"))
        assert len(rows) + len(rejects) == 2
        assert set(rows) == {whole}, line[:length]


def test_a_last_line_without_a_line_end_counts_when_it_is_whole(tmp_path: Path) -> None:
    path = written(tmp_path, f"{','.join(NARROW)}\n{GOOD}\n{GOOD}")
    (first, last), _ = read(path)
    assert first == last


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
def test_a_gzip_file_that_is_cut_gives_what_is_left_and_says_so(tmp_path: Path, keep: float) -> None:
    packed = gzip.compress(SAMPLE.read_bytes())
    rows, (last,) = read(written(tmp_path, packed[: int(len(packed) * keep)]))
    assert "cut off" in last.reason
    assert rows == read(SAMPLE)[0][: len(rows)]
    assert last.line == len(rows) + 2
    assert SAMPLE.read_text().splitlines()[last.line - 1].startswith(last.text), "the half row is not lost"


@pytest.mark.parametrize("packed", [False, True])
def test_a_pipe_is_read_as_a_file_of_unknown_size(tmp_path: Path, packed: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = SAMPLE.read_bytes()
    writing = Thread(target=pipe.write_bytes, args=(gzip.compress(content) if packed else content,))
    writing.start()
    source = Clickstream(pipe)
    rows = rows_of(source)
    writing.join()
    assert (source.size, source.position) == (None, 0)
    assert rows == read(SAMPLE)[0]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "lacks event_time"),
        ("event_time,event_type,product_id,price,user_id\n", "lacks user_session"),
        (GOOD + "\n", "lacks event_time"),
        ("\x1f", "lacks"),
    ],
)
def test_a_file_without_the_columns_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(ClickstreamError, match=complaint):
        read(written(tmp_path, content))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClickstreamError, match=r"none\.csv: No such file"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [("2.62", "USD", 262), ("0.6", "EUR", 60), ("19", "USD", 1900), ("980.00", "JPY", 980), ("1.2345", "CLF", 12345)],
)
def test_prices_become_minor_units_of_their_currency(tmp_path: Path, price: str, currency: str, minor: int) -> None:
    assert good(tmp_path, GOOD.replace("2.62", price), currency)["price_minor"] == minor


def test_quoted_fields_are_read_as_csv(tmp_path: Path) -> None:
    assert good(tmp_path, GOOD.replace("5773203", '"a,""b"""'))["product_id"] == 'a,"b"'


def test_mended_rejects_can_be_replayed(tmp_path: Path) -> None:
    source = written(tmp_path, f"{','.join(NARROW)}\n{GOOD.replace('2.62', 'x')}\n{GOOD.replace('view', 'wish')}\n")
    said: list[str] = []
    rejects = Rejects(tmp_path / "rejects.csv", source, ",".join(NARROW), said.append)
    for reject in read(source)[1]:
        rejects.add(reject)
    assert rejects.count == 2
    assert said[0] == f"{source}, line 2: price is 'x', expected a decimal number from 0, for example 5.32"
    text = rejects.path.read_text()
    rejects.path.write_text(text.replace(",x,4", ",2.62,4").replace(",wish,", ",view,"))
    mended, _ = read(rejects.path)
    assert mended == read(written(tmp_path, "\n".join([",".join(NARROW), GOOD, GOOD, ""])))[0]


def test_only_the_first_rejects_are_said(tmp_path: Path) -> None:
    said: list[str] = []
    rejects = Rejects(tmp_path / "rejects.csv", Path("clicks.csv"), ",".join(NARROW), said.append)
    for number in range(50):
        rejects.add(Reject(number, "price", "x", "a number", "…"))
    assert len(said) == 11
    assert str(rejects.path) in said[-1]
    assert len(rejects.path.read_text().splitlines()) == 51
