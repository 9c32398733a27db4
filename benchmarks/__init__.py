"""The same trials through the suite and its peers, side by side on one machine."""
