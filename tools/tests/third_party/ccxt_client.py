"""One venue through ccxt pro, as a user of ccxt would: what it received goes to stdout as JSON lines.

    ccxt_client.py VENUE REST WEBSOCKET CA SYMBOL SECONDS

One object a line, told apart by "type": markets, ack, watched (a trade of watch_trades), ticker, book, checksum, fetched (a
trade of fetch_trades) and candle (of fetch_ohlcv). main.rs compares them with the simulator's own account.
"""

import asyncio
import json
import sys
import zlib

import ccxt.pro

# Nothing that is asked of a server on this machine takes so long.
PATIENCE_S = 20
BOOKS = 20


def point_at(client, rest, websocket):
    """Leads a client to a simulator: only addresses, and what the simulator does not play."""
    api = client.urls["api"]
    # Needs an account.
    client.has["fetchCurrencies"] = False
    if client.id == "binance":
        client.options["fetchMarkets"] = {"types": ["spot"]}
        api["public"] = rest + "/api/v3"
        api["ws"]["spot"] = websocket + "/ws"
    elif client.id == "bybit":
        client.options["fetchMarkets"] = {"types": ["spot", "linear"]}
        api["public"] = rest
        for product in ("spot", "linear"):
            api["ws"]["public"][product] = f"{websocket}/v5/public/{product}"
    elif client.id == "coinbase":
        api["rest"], api["ws"] = rest, websocket
    elif client.id == "kraken":
        api["public"] = rest
        api["ws"]["publicV2"] = websocket


def ack(venue, message):
    """What a venue's ack says, in one form; None for any other message."""
    if venue == "binance" and "id" in message and "result" in message:
        return {"ok": message["result"] is None}
    if venue == "bybit" and message.get("op") == "subscribe":
        return {"ok": message["success"]}
    if venue == "coinbase" and message.get("channel") == "subscriptions":
        return {"ok": True, "channels": message["events"][0]["subscriptions"]}
    if venue == "kraken" and message.get("method") == "subscribe":
        result = message.get("result", {})
        return {"ok": message["success"], "channels": {result.get("channel"): [result.get("symbol")]}}
    return None


def checksum(client, symbol):
    """Kraken's CRC of the book that ccxt built: ccxt has a check of its own, but it fails on every book."""
    precision = client.market(symbol)["precision"]
    book = client.orderbooks[symbol]
    rows = [row for side in (book["asks"], book["bids"]) for row in side[:10]]
    step = [f"{precision[name]:.10f}".rstrip("0") for name in ("price", "amount")]
    places = [len(text.split(".")[1]) for text in step]
    numbers = [f"{number:.{places[at]}f}" for row in rows for at, number in enumerate(row[:2])]
    return zlib.crc32("".join(number.replace(".", "").lstrip("0") for number in numbers).encode())


def say(kind, **fields):
    print(json.dumps({"type": kind, **fields}), flush=True)


def say_trade(kind, trade):
    # Floats print as their shortest form that reads back as the same float.
    say(kind, **{name: trade[name] for name in ("id", "timestamp", "price", "amount", "side")})


async def patiently(awaitable):
    return await asyncio.wait_for(awaitable, PATIENCE_S)


async def watch(client, symbol, seconds):
    """Every trade of so many seconds, in the order ccxt hands them on."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        for trade in await patiently(client.watch_trades(symbol)):
            say_trade("watched", trade)


async def look(client, symbol, seconds):
    handle = client.handle_message

    def handle_message(connection, message):
        found = ack(client.id, message) if isinstance(message, dict) else None
        if found is not None:
            say("ack", **found)
        handled = handle(connection, message)
        if client.id == "kraken" and message.get("channel") == "book":
            say("checksum", ours=checksum(client, symbol), venues=message["data"][0]["checksum"])
        return handled

    client.handle_message = handle_message
    markets = await patiently(client.load_markets())
    say("markets", symbols=sorted(markets))
    await watch(client, symbol, seconds)
    # Binance's mini ticker, which is ccxt's default, has no bid and no ask.
    ticker = await patiently(client.watch_ticker(symbol, {"name": "ticker"} if client.id == "binance" else {}))
    say("ticker", **{name: ticker[name] for name in ("symbol", "bid", "ask", "last")})
    for _ in range(BOOKS):
        book = await patiently(client.watch_order_book(symbol))
        say("book", bids=book["bids"][:10], asks=book["asks"][:10])
    # Single trades, not Binance's aggregates: those have ids of their own.
    params = {"fetchTradesMethod": "publicGetTrades"} if client.id == "binance" else {}
    for trade in await patiently(client.fetch_trades(symbol, None, 1000, params)):
        say_trade("fetched", trade)
    for row in await patiently(client.fetch_ohlcv(symbol, "1m")):
        say("candle", row=row)


async def main():
    venue, rest, websocket, ca, symbol, seconds = sys.argv[1:]
    client = getattr(ccxt.pro, venue)({"cafile": ca, "newUpdates": True})
    point_at(client, rest, websocket)
    try:
        await look(client, symbol, float(seconds))
    finally:
        await client.close()


asyncio.run(main())
