"""Which zones are the same physical zone, and which zone each site takes, by measurements."""
