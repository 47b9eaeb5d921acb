"""The simulated parties: windows, traders, customs, and the windows that break promises on purpose."""
