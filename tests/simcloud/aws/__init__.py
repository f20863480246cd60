"""AWS: its table of types, its look-ups, what is real behind them, and its words for the engine."""
