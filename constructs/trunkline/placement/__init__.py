"""From measurements to decisions: which zones are one place, and which zone each site takes."""
