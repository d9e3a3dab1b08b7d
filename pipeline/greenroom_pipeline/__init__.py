"""What decides: training, scoring, statistics, the gate, the report, the store and the forge."""
