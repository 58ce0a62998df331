import tickplane

series = tickplane.open()["binance", "BTC-USDT", "1m"]
for candle in series.follow(last=1):
    print(candle)
